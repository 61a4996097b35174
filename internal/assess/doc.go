// Package assess translates between the contract's types and those of the rule engine. It is the one such translation,
// used by provider and broker, so that both put the same question to the engine. It judges nothing itself.
package assess
