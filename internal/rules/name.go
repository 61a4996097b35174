package rules

import "github.com/hscn-connect/terraform-provider-hscn/internal/hscn"

func nameRules() []Rule {
	return []Rule{
		{
			ID: "name.format", Title: "Malformed name", Severity: Error, Fixed: true,
			Where: AtValidate | AtBroker, Applies: AppliesAny, Kinds: []Kind{KindConnection, KindEdgeAttachment},
			Source: Source{SourcePractice, "Google AIP-122, \"Resource names\""},
			Owner:  OwnerCustomer,
			Remedy: "Choose a name of 3 to 63 characters of a-z, 0-9 and \"-\" that starts with a letter.",
			check:  nameFormat,
		},
		{
			ID: "name.taken", Title: "The name is taken", Severity: Error, Fixed: true,
			Where: AtBroker, Applies: AppliesAny, Kinds: []Kind{KindConnection, KindEdgeAttachment},
			Source: Source{SourcePractice, "Google AIP-133, \"Standard methods: Create\""},
			Owner:  OwnerCustomer,
			Remedy: "If it is the object that you mean, import it; otherwise choose another name.",
			check:  nameTaken,
		},
	}
}

func nameFormat(j *judgement) *hit {
	name, known := j.order.Name.Get()
	if !known {
		return nil
	}
	err := hscn.ValidateName(name)
	if err == nil {
		return nil
	}
	return &hit{path: []string{"name"}, detail: "The " + err.Error() + "."}
}

func nameTaken(j *judgement) *hit {
	if j.order.Operation != Create || j.facts.Broker == nil || j.facts.Broker.Existing == nil {
		return nil
	}
	existing := j.facts.Broker.Existing
	return &hit{
		path: []string{"name"},
		detail: j.order.FullName + " exists already: " + existing.CreatedBy + " made it on " +
			moment(existing.CreatedAt) + ".",
		remedy: "If it is the object that you mean, import it by its id, " + quoted(j.order.FullName) +
			"; otherwise choose another name.",
	}
}
