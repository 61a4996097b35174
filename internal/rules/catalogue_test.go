package rules

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ruleCase is one rule's row in the tests. From its first bad scene follow those that are alike for all rules: see
// TestRules.
type ruleCase struct {
	// on makes the scene in which all is well; connection where it is nil.
	on func(*testing.T, ...step) *scene
	// bad are the scenes that break the rule, by name, with what the finding says.
	bad []bad
	// silent are scenes of which the rule says nothing, by name.
	silent map[string][]step
	// unknown are the values that the rule needs: where one is only known later, there is no finding.
	unknown []string
	// widening makes of the bad scene an update that asks for more; one that suits most rules where it is nil.
	widening step
}

type bad struct {
	name  string
	steps []step
	want  want
}

// want is a finding as far as a test asks. What is empty is as the rule has it, or not looked at where it is remedy.
type want struct {
	severity Severity
	path     string
	detail   string
	remedy   string
	awaits   string
}

// ruleCases are all rows.
func ruleCases(t *testing.T) map[string]ruleCase {
	t.Helper()
	all := make(map[string]ruleCase)
	for _, family := range []map[string]ruleCase{
		nameCases(), organisationCases(), agreementCases(), agreementEvidenceCases(), dsptCases(), profileCases(), locationCases(),
		serviceCases(), connectionCases(t), protectionCases(), edgeCases(), edgeNetworkCases(),
	} {
		maps.Copy(all, family)
	}
	return all
}

func TestRules(t *testing.T) {
	t.Parallel()
	cases := ruleCases(t)
	for _, rule := range Catalogue() {
		c, ok := cases[rule.ID]
		if !ok {
			t.Errorf("%s has no row in the tests", rule.ID)
			continue
		}
		delete(cases, rule.ID)
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			c.run(t, rule)
		})
	}
	for id := range cases {
		t.Errorf("%s is tested but not in the catalogue", id)
	}
}

func (c ruleCase) scene(t *testing.T, steps ...step) *scene {
	t.Helper()
	if c.on == nil {
		return connection(t, steps...)
	}
	return c.on(t, steps...)
}

func (c ruleCase) run(t *testing.T, rule Rule) {
	t.Helper()
	// The scene in which all is well says nothing of itself.
	if findings := c.scene(t).evaluate(); len(findings) > 0 {
		t.Fatalf("the good scene has findings: %+v", findings)
	}
	for _, b := range c.bad {
		t.Run("bad: "+b.name, func(t *testing.T) {
			t.Parallel()
			c.runBad(t, rule, b)
		})
	}
	for name, steps := range c.silent {
		t.Run("silent: "+name, func(t *testing.T) {
			t.Parallel()
			if finding := c.scene(t, steps...).found(rule.ID); finding != nil {
				t.Errorf("unexpected finding: %+v", *finding)
			}
		})
	}
	c.runCommon(t, rule)
}

func (c ruleCase) runBad(t *testing.T, rule Rule, b bad) {
	t.Helper()
	finding := c.scene(t, b.steps...).found(rule.ID)
	if finding == nil {
		t.Fatal("no finding")
	}
	expected := b.want
	if expected.severity == "" {
		expected.severity = rule.Severity
	}
	if finding.Severity != expected.severity {
		t.Errorf("severity %q, want %q", finding.Severity, expected.severity)
	}
	if path := strings.Join(finding.Path, " "); path != expected.path {
		t.Errorf("path %q, want %q", path, expected.path)
	}
	if finding.Detail != expected.detail {
		t.Errorf("detail\n  %s\nwant\n  %s", finding.Detail, expected.detail)
	}
	if expected.remedy != "" && finding.Remedy != expected.remedy {
		t.Errorf("remedy\n  %s\nwant\n  %s", finding.Remedy, expected.remedy)
	}
	if string(finding.Awaits) != expected.awaits {
		t.Errorf("awaits %q, want %q", finding.Awaits, expected.awaits)
	}
	if finding.Title != rule.Title || finding.Source != rule.Source || finding.Retryable != rule.Retryable || finding.Fixed != rule.Fixed {
		t.Errorf("not the rule's own title, source, retryable and fixed: %+v", *finding)
	}
	if strings.ContainsAny(finding.Remedy+finding.Detail, "{}") {
		t.Errorf("a placeholder was left: %s %s", finding.Detail, finding.Remedy)
	}
}

// runCommon checks what is the same for every rule, in the first of its bad scenes.
func (c ruleCase) runCommon(t *testing.T, rule Rule) {
	t.Helper()
	breaking := func(steps ...step) *Finding {
		return c.scene(t, slices.Concat(c.bad[0].steps, steps)...).found(rule.ID)
	}
	expect := func(name string, finding *Finding, severity Severity) {
		t.Helper()
		switch {
		case severity == Off && finding != nil:
			t.Errorf("%s: unexpected finding %+v", name, *finding)
		case severity != Off && finding == nil:
			t.Errorf("%s: no finding", name)
		case severity != Off && finding.Severity != severity:
			t.Errorf("%s: severity %q, want %q", name, finding.Severity, severity)
		}
	}
	unlessFixed := func(severity Severity) Severity {
		switch {
		case rule.Fixed:
			return Error
		case rule.Applies == AppliesAll && severity == Error:
			return Warning
		default:
			return severity
		}
	}
	onWrite := func(severity Severity) Severity {
		if rule.PlanOnly {
			return Off
		}
		return severity
	}
	shown := func(where Where, severity Severity) Severity {
		if rule.Where&where == 0 {
			return Off
		}
		return severity
	}

	// Severities are policy's.
	for _, s := range []Severity{Error, Warning, Off} {
		expect("policy says "+string(s), breaking(severity(rule.ID, s)), unlessFixed(s))
	}
	unlisted := func(s *scene) { delete(s.policy.Severities, rule.ID) }
	expect("broker, not listed", breaking(unlisted, at(AtBroker)), onWrite(rule.Severity))
	expect("plan, not listed", breaking(unlisted, at(AtPlan)), shown(AtPlan|AtValidate, unlessFixed(Warning)))
	expect("plan, an error", breaking(severity(rule.ID, Error), at(AtPlan)), shown(AtPlan|AtValidate, unlessFixed(Error)))
	expect("plan, off", breaking(severity(rule.ID, Off), at(AtPlan)), shown(AtPlan|AtValidate, unlessFixed(Off)))

	// Before there is a policy only what is fixed is judged, from the declaration alone.
	validate := Off
	if rule.Fixed {
		validate = shown(AtValidate, Error)
	}
	expect("validate", breaking(at(AtValidate), func(s *scene) { s.policy, s.facts = Policy{}, Facts{} }), validate)

	// Waivers.
	expect("waived for the account", breaking(severity(rule.ID, Error), waived(rule.ID, "")), unlessFixed(Warning))
	expect("waived for the connection", breaking(severity(rule.ID, Error), waived(rule.ID, "connections/records")), unlessFixed(Warning))
	expect("waived for another", breaking(severity(rule.ID, Error), waived(rule.ID, "connections/rec")), unlessFixed(Error))
	if finding := breaking(waived(rule.ID, "")); !rule.Fixed && finding != nil {
		if finding.Waiver == nil || finding.Awaits != "" ||
			!strings.HasSuffix(finding.Detail, " An operator waived this rule until 31 December 2027 (CHG-17): a merger is under way.") {
			t.Errorf("the waiver does not show, or the order waits all the same: %+v", *finding)
		}
	}

	// What is only known later, what is not given and what nobody asked for is no finding.
	for _, path := range c.unknown {
		expect(path+" unknown", breaking(put(path, Unknown)), Off)
	}
	expect("everything unknown", breaking(func(s *scene) {
		for name := range s.order.Declared {
			s.order.Declared = s.order.Declared.put([]string{name}, Unknown)
		}
		s.order.Name = UnknownValue[string]()
		s.facts.Broker, s.facts.Taken, s.facts.Clashes, s.order.Standing = nil, nil, nil, Standing{}
	}), Off)
	expect("no facts", breaking(func(s *scene) {
		s.facts = Facts{Now: s.facts.Now, Account: s.facts.Account}
	}),
		map[bool]Severity{true: rule.Severity, false: Off}[judgesOrderOnly(rule.ID)])

	c.runOperations(t, rule, breaking, expect)
}

// runOperations checks which operations the rule looks at: of removing, narrowing and correcting only where it says so.
func (c ruleCase) runOperations(
	t *testing.T, rule Rule, breaking func(...step) *Finding, expect func(name string, finding *Finding, severity Severity),
) {
	t.Helper()
	if rule.Applies == AppliesDelete {
		return
	}
	given, less, same := Off, Off, Off
	switch {
	case rule.everyOperation:
		given, less, same = Error, Error, Error
	case rule.Applies == AppliesAll, rule.Watches:
		less, same = Warning, Warning
	case rule.Applies == AppliesAny:
		less = rule.Severity
	}
	correct, narrow, widen := updates("profile.security_lead.phone", "01632 960000"), updates("deletion_protection", true), updates("purpose", "readiness_test")
	switch c.scene(t).order.Kind {
	case KindEdgeAttachment:
		correct, narrow, widen = updates("deletion_protection", true), updates("bridging_controls", nil), updates("networks.backend", map[string]any{})
	case KindAgreementEvidence, KindConnection:
	}
	if c.widening != nil {
		widen = c.widening
	}
	expect("delete", breaking(deletes()), given)
	expect("a correction", breaking(correct), less)
	expect("narrowing", breaking(narrow), less)
	expect("unchanged", breaking(keeps()), same)
	expect("widening", breaking(widen), rule.Severity)
}

// judgesOrderOnly says that the rule's first bad scene breaks it by the order alone, whatever the facts are.
func judgesOrderOnly(id string) bool {
	return slices.Contains([]string{
		"name.format", "organisation.code-format", "agreement.dedicated-needs-own", "agreement.not-hscn", "service.id-format",
		"profile.risk-assessment", "profile.encryption", "profile.monitoring", "profile.review-due", "profile.same-person",
		"location.country", "connection.commitment", "connection.protected", "connection.suspended", "connection.activate-past", "edge.overlap", "edge.resolver",
	}, id)
}

func TestCatalogueIsComplete(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z]+\.[a-z]+(-[a-z]+)*$`)
	ids, titles := make(map[string]bool), make(map[string]bool)
	for _, rule := range Catalogue() {
		if !form.MatchString(rule.ID) || ids[rule.ID] {
			t.Errorf("%s: not an id, or there twice", rule.ID)
		}
		if rule.Title == "" || titles[rule.Title] || strings.ContainsAny(rule.Title, "{}%.") {
			t.Errorf("%s: the title %q is missing, another's too, or not plain", rule.ID, rule.Title)
		}
		ids[rule.ID], titles[rule.Title] = true, true
		if rule.Severity != Error && rule.Severity != Warning || rule.Fixed && rule.Severity != Error {
			t.Errorf("%s: default severity %q", rule.ID, rule.Severity)
		}
		if rule.Where == 0 || rule.Where&AtValidate != 0 && !rule.Fixed {
			t.Errorf("%s: shown nowhere, or before there is a policy without being fixed", rule.ID)
		}
		if rule.PlanOnly != (rule.Where == AtPlan && (rule.Applies == AppliesDelete || rule.everyOperation)) {
			t.Errorf("%s: whether it is about a plan's shape alone does not fit where it is shown", rule.ID)
		}
		if rule.Applies == 0 || len(rule.Kinds) == 0 || rule.check == nil {
			t.Errorf("%s: applies to nothing", rule.ID)
		}
		if rule.Source.Kind == "" || rule.Source.Reference == "" || rule.Owner == "" || !strings.HasSuffix(rule.Remedy, ".") {
			t.Errorf("%s: source, owner or remedy is missing", rule.ID)
		}
		if remedy := rule.RemedyFor(Policy{}); strings.ContainsAny(remedy, "{}") {
			t.Errorf("%s: a placeholder that nothing fills: %s", rule.ID, remedy)
		}
		if rule.Anchor() == "" || strings.Contains(rule.Anchor(), ".") {
			t.Errorf("%s: anchor %q", rule.ID, rule.Anchor())
		}
	}
	// Where rules are silent for another's sake, one must be heard in the end: none yields to itself, over however many.
	var reaches func(from, to string, steps int) bool
	reaches = func(from, to string, steps int) bool {
		i := slices.IndexFunc(Catalogue(), func(r Rule) bool { return r.ID == from })
		if i < 0 {
			t.Errorf("a rule yields to %s, which does not exist", from)
			return false
		}
		return slices.ContainsFunc(Catalogue()[i].YieldsTo, func(next string) bool {
			return next == to || steps > 0 && reaches(next, to, steps-1)
		})
	}
	for _, rule := range Catalogue() {
		if reaches(rule.ID, rule.ID, len(Catalogue())) {
			t.Errorf("%s yields to itself in the end", rule.ID)
		}
	}
}

func TestDefaultSeverities(t *testing.T) {
	t.Parallel()
	severities := DefaultSeverities()
	if len(severities) != len(Catalogue()) {
		t.Errorf("%d severities for %d rules", len(severities), len(Catalogue()))
	}
	// The maps that callers get are theirs.
	severities["name.format"] = Off
	if DefaultSeverities()["name.format"] != Error {
		t.Error("a caller changed the catalogue")
	}
}

func TestCheckSeverity(t *testing.T) {
	t.Parallel()
	cases := []struct {
		rule     string
		severity Severity
		want     string
	}{
		{"dspt.not-met", Off, ""},
		{"dspt.not-met", Warning, ""},
		{"name.format", Error, ""},
		{"name.format", Warning, `severity of name.format: "warning" is not for a policy to give: the rule is about form or contract, and always an error`},
		{"name.form", Error, `severity of name.form: "error" is for a rule that the catalogue does not have`},
		{"dspt.not-met", "fatal", `severity of dspt.not-met: "fatal" is none of error, warning and off`},
	}
	for _, c := range cases {
		err := CheckSeverity(c.rule, c.severity)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s %s: %v", c.rule, c.severity, err)
			}
			continue
		}
		if wrong := (*SeverityError)(nil); !errors.As(err, &wrong) || wrong.Rule != c.rule || wrong.Severity != c.severity {
			t.Errorf("%s %s: %v is no SeverityError about it", c.rule, c.severity, err)
		} else if err.Error() != c.want {
			t.Errorf("%s %s: %q, want %q", c.rule, c.severity, err, c.want)
		}
	}
}
