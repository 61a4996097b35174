package orders

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// The commands of the operator's that steps and refusals name.

const (
	commandLoad       = "hscn-broker load FILE"
	commandImportDSPT = "hscn-broker dspt import FILE"
)

func commandShow(id int64) string    { return fmt.Sprintf("hscn-broker orders show %d", id) }
func commandApprove(id int64) string { return fmt.Sprintf("hscn-broker orders approve %d", id) }
func commandDone(id int64) string    { return fmt.Sprintf("hscn-broker orders done %d", id) }
func commandRefuse(id int64) string {
	return fmt.Sprintf("hscn-broker orders refuse %d --reason \"...\"", id)
}

func commandFail(id int64) string {
	return fmt.Sprintf("hscn-broker orders fail %d --reason \"...\"", id)
}

func commandRetry(id int64) string { return fmt.Sprintf("hscn-broker orders retry %d", id) }

func commandBind(account, code string) string {
	return fmt.Sprintf("hscn-broker accounts bind %s %s --reference \"...\"", account, code)
}

func commandRecordDirectory(code string) string {
	return fmt.Sprintf("hscn-broker organisations record %s --title \"...\" --country ..., or --not-found", code)
}

func commandRecordRegister(code string) string {
	return fmt.Sprintf("hscn-broker agreements record-register %s --reference ... --signed-on DAY, or --not-found", code)
}

func commandRecordFlowDown(code string) string {
	return fmt.Sprintf("hscn-broker agreements record-flow-down %s --document kind=...,version=..., or --no-documents", code)
}

func commandRecordDSPT(code string) string {
	return fmt.Sprintf("hscn-broker dspt record %s --status \"...\" --published-on DAY, or --not-found", code)
}

func commandGranted(id int64) string {
	return fmt.Sprintf("hscn-broker orders authority %d --granted --authority-reference \"...\"", id)
}

func commandNotGranted(id int64) string {
	return fmt.Sprintf("hscn-broker orders authority %d --refused --authority-reference \"...\" --reason \"...\"", id)
}

func commandConnection(verb string, row store.Connection) string {
	return fmt.Sprintf("hscn-broker connections %s %s --authority-reference \"...\" --reason \"...\"", verb, row.UID)
}
