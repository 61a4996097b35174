//go:build linux

package kills

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// killProviders kills the processes of a group that run the provider's program, and returns how many there were.
func killProviders(group int, program string) (int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	killed := 0
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || groupOf(pid) != group {
			continue
		}
		is, err := killIf(pid, func() bool {
			runs, err := os.Readlink(filepath.Join("/proc", entry.Name(), "exe"))
			return err == nil && runs == program && groupOf(pid) == group
		})
		if err != nil {
			return killed, fmt.Errorf("kill process %d: %w", pid, err)
		}
		killed += count(is)
	}
	return killed, nil
}

// groupOf is the process group of a process, or 0 where that has gone. The second field of its status is a name that may
// have anything in it, in brackets; the group is the third one after that.
func groupOf(pid int) int {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(status[bytes.LastIndexByte(status, ')')+1:]))
	if len(fields) < 3 {
		return 0
	}
	group, err := strconv.Atoi(fields[2])
	if err != nil {
		return 0
	}
	return group
}

// killIf kills a process that is no child of this one, if it is the right one, and returns when it has ended. What it is is
// looked at when nobody else can have its number any more.
func killIf(pid int, isIt func() bool) (bool, error) {
	handle, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Close(handle) }() // it was for waiting
	if !isIt() {
		return false, nil
	}
	if err := unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0); err != nil {
		return false, ignore(err, unix.ESRCH)
	}
	for {
		// It can be read from when the process has ended.
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, -1); !errors.Is(err, unix.EINTR) {
			return true, err
		}
	}
}

// ignore is the error, or nil where it is that one.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
