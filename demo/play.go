package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// play tells the story: a refusal at plan, the operator putting it right, the order, its fulfilment, and the end.
func play(ctx context.Context, s *stage) error {
	today := hscn.DateIn(time.Now())
	scenes := []struct {
		title string
		say   string
		act   func(context.Context, *stage, hscn.Date) error
	}{
		{"The stage", "A broker runs with an empty database. Its operator records what is known, and makes a token for a customer.", setTheStage},
		{"A plan that is refused", "The customer's engineer declares a connection to HSCN. The agreement was looked up and is not there, and the DSPT has lapsed: the plan says so.", planRefused},
		{"The operator puts both right", "The signed agreement is in the register now, and the new DSPT status was published.", recordBoth},
		{"Plan and apply", "The same configuration, unchanged.", order},
		{"The operator fulfils", "Nothing becomes active until a person confirms that the network does what was ordered: the connection, then its edge.", fulfil},
		{"What the customer sees", "The state is active, with the address to announce; another plan changes nothing.", look},
		{"The end", "What was ordered is given up again.", destroy},
	}
	for i, scene := range scenes {
		s.step = scene.title
		fmt.Printf("\n%s\n%s\n", s.paint("1;36", fmt.Sprintf("== %d. %s", i+1, scene.title)), scene.say)
		if err := scene.act(ctx, s, today); err != nil {
			return err
		}
	}
	return nil
}

// expect runs a command and says whether it ended with the code and printed all that it had to.
func (s *stage) expect(ctx context.Context, code int, texts []string, program string, arguments ...string) (string, error) {
	result, err := s.command(ctx, false, program, arguments...)
	if err != nil {
		return "", err
	}
	return result.output, s.check(result, code, texts)
}

func (s *stage) check(result result, code int, texts []string) error {
	if result.code != code {
		return &stepError{s.step, fmt.Sprintf("the command ended with exit code %d, not %d; the broker's log:\n%s", result.code, code, s.brokerLog)}
	}
	plain := strings.Join(strings.Fields(strings.ReplaceAll(escapes.ReplaceAllString(result.output, ""), "│", " ")), " ")
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			return &stepError{s.step, fmt.Sprintf("the output does not hold %q", text)}
		}
	}
	return nil
}

// escapes are the colours that a terminal gets.
var escapes = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// terraform runs the CLI as a person would, without colour where there is no terminal.
func (s *stage) terraform(ctx context.Context, code int, texts []string, arguments ...string) (string, error) {
	if !s.colour {
		arguments = slices.Insert(arguments, 1, "-no-color")
	}
	return s.expect(ctx, code, texts, s.cli, arguments...)
}

func setTheStage(ctx context.Context, s *stage, today hscn.Date) error {
	if err := s.write("inventory.yaml", inventory(today)); err != nil {
		return err
	}
	if _, err := s.expect(ctx, 0, []string{"created"}, "hscn-broker", "load", "inventory.yaml"); err != nil {
		return err
	}
	made, err := s.command(ctx, true, "hscn-broker", "tokens", "create", "--subject", "engineer@supplier.example",
		"--kind", "person", "--role", "customer", "--account", "676")
	if err != nil {
		return err
	}
	if err := s.check(made, 0, nil); err != nil {
		return err
	}
	token := regexp.MustCompile(`hscn_[A-Za-z0-9_-]+`).FindString(made.output)
	if token == "" {
		return &stepError{s.step, "no token was printed"}
	}
	fmt.Println("(the token is not shown; the provider reads it from HSCN_TOKEN)")
	s.env = append(s.env, "HSCN_TOKEN="+token)

	if err := s.write("main.tf", configuration); err != nil {
		return err
	}
	fmt.Printf("\n%s\n%s", s.paint("1", "$ cat main.tf"), configuration)
	_, err = s.terraform(ctx, 0, []string{"successfully initialized"}, "init", "-input=false")
	return err
}

func planRefused(ctx context.Context, s *stage, _ hscn.Date) error {
	_, err := s.terraform(ctx, 1, []string{"Rule: agreement.missing", "Rule: dspt.stale"}, "plan", "-input=false")
	return err
}

func recordBoth(ctx context.Context, s *stage, today hscn.Date) error {
	correction := correction(today)
	if err := s.write("correction.yaml", correction); err != nil {
		return err
	}
	fmt.Printf("\n%s\n%s", s.paint("1", "$ cat correction.yaml"), correction)
	_, err := s.expect(ctx, 0, []string{"updated"}, "hscn-broker", "load", "correction.yaml")
	return err
}

func order(ctx context.Context, s *stage, _ hscn.Date) error {
	if _, err := s.terraform(ctx, 0, []string{"2 to add"}, "plan", "-input=false", "-out=order.tfplan"); err != nil {
		return err
	}
	_, err := s.terraform(ctx, 0, []string{"2 added, 0 changed, 0 destroyed"}, "apply", "-input=false", "order.tfplan")
	return err
}

// orderNumber finds the number of the order for an object in the operator's list.
func orderNumber(list, object string) string {
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) > 1 && fields[len(fields)-1] == object {
			return fields[0]
		}
	}
	return ""
}

func fulfil(ctx context.Context, s *stage, _ hscn.Date) error {
	for _, object := range []string{"connections/records-demo", "connections/records-demo/edge-attachments/web"} {
		list, err := s.expect(ctx, 0, []string{object}, "hscn-broker", "orders", "list")
		if err != nil {
			return err
		}
		number := orderNumber(list, object)
		if number == "" {
			return &stepError{s.step, "the queue has no order for " + object}
		}
		if _, err := s.expect(ctx, 0, []string{"hscn-broker orders done " + number}, "hscn-broker", "orders", "show", number); err != nil {
			return err
		}
		if _, err := s.expect(ctx, 0, []string{"active"}, "hscn-broker", "orders", "done", number); err != nil {
			return err
		}
	}
	return nil
}

func look(ctx context.Context, s *stage, _ hscn.Date) error {
	if _, err := s.terraform(ctx, 0, []string{`connection_state = "active"`, `edge_state = "active"`, `included_address = "192.0.2.`},
		"apply", "-input=false", "-refresh-only", "-auto-approve"); err != nil {
		return err
	}
	if _, err := s.terraform(ctx, 0, []string{"# hscn_connection.records", "# hscn_edge_attachment.web"}, "show"); err != nil {
		return err
	}
	if _, err := s.terraform(ctx, 0, []string{"No changes."}, "plan", "-input=false", "-detailed-exitcode"); err != nil {
		return err
	}
	_, err := s.expect(ctx, 0, []string{"intact"}, "hscn-broker", "audit", "verify")
	return err
}

func destroy(ctx context.Context, s *stage, _ hscn.Date) error {
	_, err := s.terraform(ctx, 0, []string{"2 destroyed"}, "destroy", "-input=false", "-auto-approve")
	return err
}

func (s *stage) write(name, content string) error {
	return os.WriteFile(s.path(name), []byte(content), 0o600)
}
