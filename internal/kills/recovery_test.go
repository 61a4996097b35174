//go:build linux

package kills

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// mostApplies is how many it takes at the most: one names the connections, one what hangs on them, one adopts that.
const mostApplies = 3

// Terraform's own words for a provider that has gone, which OpenTofu has kept.
var pluginGone = []string{"Plugin did not respond", "Request cancelled", "Plugin error"}

// noAnswer is how the provider tells of a broker that does not answer, and notOrdered of one that answered afterwards.
// stillRefused is how it tells of a change that waited for another of the same apply, which the broker never heard of.
var (
	noAnswer     = regexp.MustCompile(`^(Nothing listens at|The connection to \S+ broke|\S+ \S+ did not answer in time)`)
	notOrdered   = regexp.MustCompile(`The broker was asked afterwards: .+ Apply again\.`)
	stillRefused = regexp.MustCompile(`It was asked for .+, in case another change of this apply lifts that\.`)
)

// inconsistent is what Terraform says where the policy that a planned value came from cannot be had again in the apply,
// which a warning of the provider's explains.
const inconsistent = "Provider produced inconsistent final plan"

// tolerated fails the test where the apply that was interrupted says anything but what the kill explains.
func (w *world) tolerated(o outcome) {
	w.t.Helper()
	for _, told := range o.errors {
		switch w.round.kill.victim {
		case theProvider:
			if !slices.Contains(pluginGone, told.Summary) {
				w.told(o, "the provider was killed, and Terraform says %q", told.Summary)
			}
		case terraform:
			w.told(o, "Terraform was killed, and says %q", told.Summary)
		case theBroker:
			if stillRefused.MatchString(told.Detail) {
				continue
			}
			if told.Summary != inconsistent && !noAnswer.MatchString(told.Detail) {
				w.told(o, "the broker was killed, and Terraform says %q", told.Summary)
			}
			if strings.HasPrefix(told.Summary, "Error creating") && !importBlock.MatchString(told.Detail) && !notOrdered.MatchString(told.Detail) {
				w.told(o, "the broker was killed, and nothing says what became of %s or how to adopt it", told.Address)
			}
		}
	}
}

// recorded is an object as state has it.
type recorded struct{ address, status, id, uid string }

// state is what Terraform has in state.
func (w *world) state() []recorded {
	w.t.Helper()
	var file struct {
		Resources []struct {
			Type, Name string
			Instances  []struct {
				Status, Deposed string
				Attributes      struct{ ID, UID string }
			}
		}
	}
	if err := json.Unmarshal([]byte(w.workspace.State()), &file); err != nil {
		w.t.Fatalf("the state: %v", err)
	}
	var objects []recorded
	for _, resource := range file.Resources {
		for _, instance := range resource.Instances {
			objects = append(objects, recorded{
				resource.Type + "." + resource.Name, instance.Status + instance.Deposed, instance.Attributes.ID, instance.Attributes.UID,
			})
		}
	}
	return objects
}

// untainted fails the test where state has anything tainted, or deposed.
func (w *world) untainted() {
	w.t.Helper()
	for _, object := range w.state() {
		if object.status != "" {
			w.t.Fatalf("%s is %s in state", object.address, object.status)
		}
	}
}

// mendState does what a user does who finds that Terraform was killed while it wrote the state: what was there before the
// apply is beside it. It says whether that was so.
func (w *world) mendState() bool {
	w.t.Helper()
	torn := !json.Valid([]byte(w.workspace.State()))
	if torn {
		backup := w.workspace.File("terraform.tfstate.backup")
		if err := os.WriteFile(w.workspace.Path("terraform.tfstate"), []byte(backup), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.untainted()
	return torn
}

// unrecorded is what lives at the broker and is not in state: uids by full name.
func (w *world) unrecorded() map[string]string {
	w.t.Helper()
	lost := map[string]string{}
	for _, o := range w.live() {
		lost[o.name] = o.uid
	}
	for _, object := range w.state() {
		if lost[object.id] == object.uid {
			delete(lost, object.id)
		}
	}
	return lost
}

// recover applies again, with the import blocks that errors give and after what they say to do first, until an apply
// succeeds. It returns how many it took and
// how many objects were adopted. Every one of those that were lost has to be named by an error, with its block.
func (w *world) recover(lost map[string]string) (applies, adopted int) {
	w.t.Helper()
	blocks := map[string]string{}
	for applies = 1; ; applies++ {
		o := w.apply()
		w.untainted()
		if o.code == 0 {
			break
		}
		if applies == mostApplies {
			w.told(o, "apply number %d still does not succeed", applies)
		}
		forget := false
		for _, told := range o.errors {
			block := importBlock.FindStringSubmatch(told.Detail)
			if block == nil || !strings.HasSuffix(told.Detail, "\nRule: name.taken") {
				w.told(o, "applied again, %s is refused with %q", told.Address, told.Summary)
			}
			if block[1] != told.Address {
				w.told(o, "the block of %s is for %s", told.Address, block[1])
			}
			name := block[2]
			if _, again := blocks[name]; again {
				w.told(o, "the block of %s did not adopt it", name)
			}
			blocks[name] = block[0]
			forget = forget || strings.Contains(told.Detail, "\n  terraform apply -refresh-only\n")
		}
		if forget {
			w.workspace.Run("apply", "-refresh-only", "-auto-approve")
			w.untainted()
		}
		if err := os.WriteFile(w.workspace.Path("imports.tf"), []byte(strings.Join(slices.Collect(maps.Values(blocks)), "\n\n")+"\n"), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	for name := range lost {
		if _, named := blocks[name]; !named {
			w.t.Errorf("%s was made and not recorded, and no error named it", name)
		}
	}
	// A provider that outlives its Terraform may make another after that was looked up.
	if orphaned := w.round.kill.victim == terraform && !w.round.kill.wholly; !orphaned && len(blocks) != len(lost) {
		w.t.Errorf("%v was lost, and %v was named", slices.Sorted(maps.Keys(lost)), slices.Sorted(maps.Keys(blocks)))
	}
	return applies, len(blocks)
}

// converged fails the test where there is anything left to do.
func (w *world) converged() {
	w.t.Helper()
	if o := w.finish(w.workspace.Command(w.ctx, "plan", "-detailed-exitcode"), nil); o.code != 0 {
		w.told(o, "there still is something to do")
	}
	w.untainted()
}
