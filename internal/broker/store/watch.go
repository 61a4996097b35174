package store

import "sync"

// watches are those who wait for objects to change.
type watches struct {
	mu sync.Mutex
	// by uid of the object
	of map[string]map[chan struct{}]struct{}
}

// Watch returns a channel that holds something after this process has committed a write of any of the connections and edge
// attachments of these uids, and a function that ends the watch. Of writes by other brokers on the same database it does
// not tell. What was committed before the call is not told of, so look after it, and not before.
func (db *DB) Watch(uids ...string) (changed <-chan struct{}, end func()) {
	w := &db.watches
	signal := make(chan struct{}, 1) // one that waits is as good as many
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = make(map[string]map[chan struct{}]struct{})
	}
	for _, uid := range uids {
		if w.of[uid] == nil {
			w.of[uid] = make(map[chan struct{}]struct{})
		}
		w.of[uid][signal] = struct{}{}
	}
	return signal, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, uid := range uids {
			delete(w.of[uid], signal)
			if len(w.of[uid]) == 0 {
				delete(w.of, uid)
			}
		}
	}
}

// tellWatches tells whoever watches the object, once the transaction is committed.
func (tx *Tx) tellWatches(uid string) {
	w := &tx.db.watches
	tx.AfterCommit(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for signal := range w.of[uid] {
			select {
			case signal <- struct{}{}:
			default:
			}
		}
	})
}
