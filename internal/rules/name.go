package rules

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func nameRules() []Rule {
	kinds := []Kind{KindConnection, KindEdgeAttachment, KindAgreementEvidence}
	return []Rule{
		{
			ID: "name.format", Title: "Malformed name", Severity: Error, Fixed: true,
			Where: AtValidate | AtBroker, Applies: AppliesAny, Kinds: kinds,
			Source: Source{SourcePractice, "Google AIP-122, \"Resource names\""},
			Owner:  OwnerCustomer,
			Remedy: "Choose a name of 3 to 63 characters of a-z, 0-9 and \"-\" that starts with a letter.",
			check:  nameFormat,
		},
		{
			ID: "name.duplicate", Title: "The name is given twice", Severity: Error, Fixed: true,
			Where: AtPlan, Applies: AppliesAny, Kinds: kinds, PlanOnly: true, everyOperation: true,
			Source: Source{SourcePractice, "Google AIP-122, \"Resource names\": a name identifies one object"},
			Owner:  OwnerCustomer,
			Remedy: "Give each its own name. With for_each, make the key a part of the name.",
			check:  nameDuplicate,
		},
		{
			ID: "name.moved", Title: "The name moves to another resource", Severity: Error, Fixed: true,
			Where: AtPlan, Applies: AppliesAny, Kinds: kinds, PlanOnly: true, everyOperation: true,
			Source: Source{SourcePractice, "Terraform, \"Refactor modules\": the moved block"},
			Owner:  OwnerCustomer,
			Remedy: "Write a moved block, from the address that the resource had to the one that it has now: without it the object is given up and " +
				"bought again. If another object is meant, choose another name.",
			check: nameMoved,
		},
		{
			ID: "name.taken", Title: "The name is taken", Severity: Error, Fixed: true,
			Where: AtPlan | AtBroker, Applies: AppliesAny, Kinds: kinds, everyOperation: true,
			YieldsTo: []string{"name.duplicate", "name.moved"},
			Source:   Source{SourcePractice, "Google AIP-133, \"Standard methods: Create\""},
			Owner:    OwnerCustomer,
			Remedy:   "If it is the object that you mean, import it; otherwise choose another name.",
			check:    nameTaken,
		},
	}
}

var namePath = []string{"name"}

func nameFormat(j *judgement) *hit {
	name, known := j.order.Name.Get()
	if !known {
		return nil
	}
	err := hscn.ValidateName(name)
	if err == nil {
		return nil
	}
	return &hit{path: namePath, detail: "The " + err.Error() + "."}
}

func nameDuplicate(j *judgement) *hit {
	if clash, clashes := j.facts.Clashes["name.duplicate"]; !clashes || !clash.Certain {
		return nil
	}
	return &hit{path: namePath, detail: "Two resources of this plan are " + j.order.FullName + "."}
}

func nameMoved(j *judgement) *hit {
	if clash, clashes := j.facts.Clashes["name.moved"]; !clashes || !clash.Certain {
		return nil
	}
	return &hit{
		path: namePath,
		detail: fmt.Sprintf("One resource of this plan gives %s up and another makes it anew, which is what Terraform does with a resource "+
			"whose address or for_each key is another one now.", j.order.FullName),
	}
}

func nameTaken(j *judgement) *hit {
	existing := j.facts.Taken
	if existing == nil {
		return nil
	}
	h := &hit{path: namePath, detail: j.order.FullName + " exists already."}
	if existing.CreatedBy != "" {
		h.detail = fmt.Sprintf("%s exists already: %s made it on %s (uid %s).", j.order.FullName, existing.CreatedBy, moment(existing.CreatedAt), existing.UID)
	}
	adopt := fmt.Sprintf("f it is the object that you mean, adopt it with an import block for its id, %s; otherwise choose another name.",
		quoted(j.order.FullName))
	// A plan that is shown the new resource before the old one cannot know yet that the object has only moved.
	if j.where == AtPlan {
		h.remedy = "If a resource of this configuration that has it was renamed, write a moved block; i" + adopt
	} else {
		h.remedy = "I" + adopt
	}
	return h
}
