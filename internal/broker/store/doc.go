// Package store keeps what the broker knows: rows, the queries over them, and the transactions in which they change. It
// holds no rules and speaks no HTTP.
//
// The same schema lives in two databases. SQLite is the default, one file and one broker; PostgreSQL 15 or later serves
// any number of brokers. Their migrations stand side by side in migrations/, and the conformance suite in storetest
// holds both to the same behaviour.
//
// DB.Read hands out a Reader, a snapshot that nothing moves under. DB.Write hands out a Tx, which reads as well and
// whose changes are made all together or not at all. Functions given to DB.Write may run more than once, when the
// database asks for the transaction to be repeated: they change nothing but the database, and leave everything else to
// Tx.AfterCommit.
//
// Times are kept to the microsecond, in UTC. Instant makes of a time what comes back of it.
package store
