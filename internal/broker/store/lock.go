package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// errHeld is what lockExclusively returns when another process, or another fileLock of this one, has the lock.
var errHeld = errors.New("the lock is held")

// fileLock keeps other brokers from a SQLite file. SQLite's own locks let several processes write in turn; but one
// broker does not hear of what another enqueues, so one serves a file. The lock ends with the process, whatever ended it;
// the file beside the database stays.
type fileLock struct{ file *os.File }

// lockFile takes the lock of the database at path without waiting.
func lockFile(path string) (*fileLock, error) {
	file, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	if err := lockExclusively(file); err != nil {
		locked := &LockedError{Path: path, Holder: readHolder(file.Name())}
		if errors.Is(err, errHeld) {
			return nil, errors.Join(locked, file.Close())
		}
		return nil, errors.Join(&FileError{Path: path, Err: err}, file.Close())
	}
	// The holder's name is a courtesy to whoever finds the database locked: without it the lock holds as well.
	if err := file.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(file, "process %d\n", os.Getpid())
	}
	return &fileLock{file: file}, nil
}

// readHolder returns what the holder wrote into the file, one short line; empty where it cannot be read.
func readHolder(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(content), "\n")
	const longest = 64
	return line[:min(len(line), longest)]
}

// path is where the lock's file is.
func (l *fileLock) path() string { return l.file.Name() }

// release lets another broker have the database. Closing alone would leave the lock to a child that this process is just
// starting, until the child is another program.
func (l *fileLock) release() error { return errors.Join(unlock(l.file), l.file.Close()) }
