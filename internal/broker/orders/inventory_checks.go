package orders

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// at is the path to an item of one of the inventory's lists.
func at(list string, i int) []string { return []string{list, strconv.Itoa(i)} }

// offends says whether something is wrong with the item, so that it cannot be recorded.
func (l *loader) offends(list string, i int) bool {
	item := *pointerTo(at(list, i)...)
	return slices.ContainsFunc(l.wrong, func(member api.InvalidMember) bool {
		return *member.Pointer == item || strings.HasPrefix(*member.Pointer, item+"/")
	})
}

// twice records the offence of an item whose key was given before.
func (l *loader) twice(seen map[string]int, key, list string, i int, member string) {
	if first, found := seen[key]; found {
		l.wrong.add(fmt.Sprintf("%q is given for the second time: it is %s[%d] already", key, list, first), append(at(list, i), member)...)
		return
	}
	seen[key] = i
}

func (l *loader) checkAccounts() {
	seen := make(map[string]int)
	for i, a := range l.inventory.Accounts {
		l.twice(seen, a.ID, "accounts", i, "id")
		for j, code := range a.Organisations {
			l.wrong.word(hscn.ValidateODSCode(code), append(at("accounts", i), "organisations", strconv.Itoa(j))...)
		}
	}
}

func (l *loader) checkServices() {
	seen := make(map[string]int)
	for i, s := range l.inventory.Services {
		l.twice(seen, s.Type+" "+s.ID, "services", i, "id")
		if *orDefault(s.Retired, false) {
			continue // what is retired may be of a type or in a zone that policy has dropped
		}
		kind, known := l.policy.document.ServiceTypes[s.Type]
		if !known {
			l.wrong.add(fmt.Sprintf("%q is no type of service of the policy %q", s.Type, l.policy.document.Title), append(at("services", i), "type")...)
		} else if pattern, err := regexp.Compile(`^(?:` + kind.IDPattern + `)$`); err == nil && !pattern.MatchString(s.ID) {
			l.wrong.add(fmt.Sprintf("%q is not the id of a %s, which looks like %q", s.ID, kind.Title, kind.IDExample), append(at("services", i), "id")...)
		}
		l.checkZone(s.Zone, "services", i)
	}
}

func (l *loader) checkZone(zone, list string, i int) {
	if _, known := l.policy.document.Zones[zone]; !known {
		l.wrong.add(fmt.Sprintf("%q is no zone of the policy %q", zone, l.policy.document.Title), append(at(list, i), "zone")...)
	}
}

func (l *loader) checkGateways() {
	seen := make(map[string]int)
	for i, g := range l.inventory.Gateways {
		l.twice(seen, g.ID, "gateways", i, "id")
	}
}

func (l *loader) checkOrganisations() {
	seen := make(map[string]int)
	for i, o := range l.inventory.Organisations {
		path := at("organisations", i)
		if err := hscn.ValidateODSCode(o.OdsCode); err != nil {
			l.wrong.word(err, append(path, "ods_code")...)
		} else {
			l.twice(seen, hscn.CanonicalODSCode(o.OdsCode), "organisations", i, "ods_code")
		}
		l.lookUps.check(o, &l.wrong, path...)
	}
}

func (l *loader) checkPools() {
	seen := make(map[string]int)
	for i, p := range l.inventory.Pools {
		l.twice(seen, p.Name, "pools", i, "name")
		l.wrong.word(hscn.ValidateName(p.Name), append(at("pools", i), "name")...)
		if !*orDefault(p.Retired, false) {
			l.checkZone(p.Zone, "pools", i)
		}
		prefix, err := netip.ParsePrefix(p.Cidr)
		switch {
		case err != nil || !prefix.Addr().Is4():
			l.wrong.add(fmt.Sprintf("%q is not an IPv4 network, such as 192.0.2.0/24", p.Cidr), append(at("pools", i), "cidr")...)
			continue
		case prefix != prefix.Masked():
			l.wrong.add(fmt.Sprintf("%q has bits set beyond its prefix: the network is %s", p.Cidr, prefix.Masked()), append(at("pools", i), "cidr")...)
			continue
		}
		for j, text := range p.Reserved {
			address, err := netip.ParseAddr(text)
			if err != nil || !address.Is4() || !prefix.Contains(address) {
				l.wrong.add(fmt.Sprintf("%q is not an address of %s", text, p.Cidr), append(at("pools", i), "reserved", strconv.Itoa(j))...)
			}
		}
	}
}
