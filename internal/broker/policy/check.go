package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// checker finds what a schema cannot say: what values mean, by themselves and together.
type checker struct {
	document *document.Document
	offences []document.Offence
}

// offend records that the member offends; the reason continues the sentence that the member and its value begin.
func (c *checker) offend(reason string, path ...string) {
	c.offences = append(c.offences, c.document.Offence(schema.Pointer(path...), reason))
}

// word records what a check of one of the domain's words says, if anything.
func (c *checker) word(err error, path ...string) {
	if err == nil {
		return
	}
	reason := err.Error()
	if wrong := (*hscn.FormatError)(nil); errors.As(err, &wrong) {
		reason = wrong.Problem // the offence shows the value itself
	}
	c.offend(reason, path...)
}

func (c *checker) check(p api.Policy) {
	c.csp(p)
	c.serviceTypes(p.ServiceTypes)
	c.zones(p.Zones)
	c.flowDown(p.Agreements.FlowDownDocuments)
	c.dspt(p.Dspt)
	c.workingHours(p.WorkingHours)
	c.rules(p.Rules)
}

func (c *checker) csp(p api.Policy) {
	if p.Csp.OdsCode != nil {
		c.word(hscn.ValidateODSCode(*p.Csp.OdsCode), "csp", "ods_code")
	}
	if email := p.Csp.Contact.Email; email != nil {
		c.word(hscn.ValidateEmail(*email), "csp", "contact", "email")
	}
	if email := p.NhsContact.Email; email != nil {
		c.word(hscn.ValidateEmail(*email), "nhs_contact", "email")
	}
}

func (c *checker) serviceTypes(types map[string]api.ServiceType) {
	for _, name := range slices.Sorted(maps.Keys(types)) {
		serviceType := types[name]
		// Compiled as it stands first, so that the message quotes what is written.
		if _, err := regexp.Compile(serviceType.IDPattern); err != nil {
			reason := err.Error()
			if wrong := (*syntax.Error)(nil); errors.As(err, &wrong) {
				reason = string(wrong.Code)
			}
			c.offend("is not a regular expression (RE2): "+reason, "service_types", name, "id_pattern")
			continue
		}
		if !regexp.MustCompile(`^(?:` + serviceType.IDPattern + `)$`).MatchString(serviceType.IDExample) {
			c.offend(fmt.Sprintf("does not match id_pattern, %s", serviceType.IDPattern), "service_types", name, "id_example")
		}
	}
}

func (c *checker) zones(zones map[string]api.Zone) {
	offered := false
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		zone := zones[name]
		offered = offered || zone.HscnOffered
		if zone.OneNetworkFrom != nil {
			_, err := hscn.ParseDate(*zone.OneNetworkFrom)
			c.word(err, "zones", name, "one_network_from")
		}
	}
	if !offered {
		c.offend("do not offer HSCN, not one of them: nothing could ever be ordered", "zones")
	}
}

func (c *checker) flowDown(documents []api.FlowDownRequirement) {
	first := make(map[string]int)
	for i, d := range documents {
		if earlier, found := first[d.Kind]; found {
			c.offend(fmt.Sprintf("is listed already, as number %d: a kind has one least version", earlier+1),
				"agreements", "flow_down_documents", strconv.Itoa(i), "kind")
			continue
		}
		first[d.Kind] = i
	}
}

func (c *checker) dspt(p api.DSPTPolicy) {
	for i, standard := range p.Tolerated {
		if slices.Contains(p.Accepted, standard) {
			c.offend("is among dspt.accepted too: it either suffices or warns", "dspt", "tolerated", strconv.Itoa(i))
		}
	}
	spelt := make(map[hscn.Edition]string)
	for _, name := range slices.Sorted(maps.Keys(p.EditionDeadlines)) {
		edition, err := hscn.ParseEdition(name)
		if err != nil {
			c.offend("is not the deadline of an edition: write its two years, such as 25/26", "dspt", "edition_deadlines", name)
			continue
		}
		if other, found := spelt[edition]; found {
			c.offend(fmt.Sprintf("is the deadline of the same edition as %s", other), "dspt", "edition_deadlines", name)
		}
		spelt[edition] = name
		_, err = hscn.ParseDate(p.EditionDeadlines[name])
		c.word(err, "dspt", "edition_deadlines", name)
	}
}

func (c *checker) workingHours(hours api.WorkingHours) {
	// Both are HH:MM, so that their order as text is that of the times.
	if hours.Start >= hours.End {
		c.offend(fmt.Sprintf("is not after working_hours.start, %s", hours.Start), "working_hours", "end")
	}
}

func (c *checker) rules(severities map[string]api.Severity) {
	for _, rule := range slices.Sorted(maps.Keys(severities)) {
		err := rules.CheckSeverity(rule, rules.Severity(severities[rule]))
		if wrong := (*rules.SeverityError)(nil); errors.As(err, &wrong) {
			c.offend(wrong.Problem, "rules", rule)
		} else if err != nil {
			c.offend(err.Error(), "rules", rule)
		}
	}
}
