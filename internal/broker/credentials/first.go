package credentials

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// FirstSubject is whom the token of the first start stands for.
const FirstSubject = "operator"

// itself is the broker, where it makes tokens that nobody asked for by the API.
func itself() request.Write {
	return request.Write{Caller: request.Caller{Subject: "hscn-broker", Kind: request.Machine}}
}

// errNotFirst ends the transaction of a start that was not the first after all.
var errNotFirst = errors.New("the database has tokens already")

// FileExistsError says that the file for the first token is there although the database has no token.
type FileExistsError struct{ File string }

// Error implements error.
func (e *FileExistsError) Error() string {
	return fmt.Sprintf("the file %s is there already, and the database has no token that it could hold: move it away, "+
		"and start again; the operator's first token is then written there", e.File)
}

// EnsureFirst makes a token with every role, a person's, where the database never had one, and writes its secret to the
// file, which only its owner may read. It reports whether it did. A database that has, or had, a token is left alone:
// whoever lost every administrator's token needs the database, not the broker.
//
// The file is written before the token is stored, so that there is never a token that nobody can know. Brokers that start
// together on one database take turns, so that whoever is not the first finds the other's token, and leaves alone the file
// that it is in, where they share that.
func (k *Keeper) EnsureFirst(ctx context.Context, file string) (bool, error) {
	var before bool
	err := k.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		before, err = r.AnyToken(ctx)
		return err
	})
	if err != nil || before {
		return false, err
	}

	secret, written := newSecret(), false
	spec := api.TokenSpec{
		Subject: FirstSubject, Kind: api.Person,
		Roles: []api.Role{api.RoleAdministrator, api.RoleApprover, api.RoleAuditor, api.RoleCustomer, api.RoleRecorder},
	}
	_, err = k.create(ctx, itself(), k.now(), secret, spec, func(ctx context.Context, tx *store.Tx) error {
		// It is the turn of whoever stores the policy as well.
		if err := tx.LockPolicies(ctx); err != nil {
			return err
		}
		before, err := tx.AnyToken(ctx)
		switch {
		case err != nil:
			return err
		case before:
			return errNotFirst
		case written: // the transaction is repeated
			return nil
		}
		err = writeSecret(file, secret)
		written = err == nil
		return err
	})
	if err == nil {
		return true, nil
	}
	if written {
		if removeErr := os.Remove(file); removeErr != nil {
			return false, errors.Join(err, removeErr)
		}
	}
	if errors.Is(err, errNotFirst) {
		return false, nil
	}
	return false, fmt.Errorf("make the operator's first token: %w", err)
}

// ownerOnly is the mode of a file that holds a secret.
const ownerOnly = 0o600

func writeSecret(file, secret string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownerOnly)
	if errors.Is(err, fs.ErrExist) {
		return &FileExistsError{File: file}
	}
	if err != nil {
		return fmt.Errorf("write it to a file: %w", err)
	}
	_, err = fmt.Fprintln(f, secret)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write it to a file: %w", err), os.Remove(file))
	}
	return nil
}

// Bootstrap makes a token without a caller: for a program that has the broker in itself, such as a test.
func (k *Keeper) Bootstrap(ctx context.Context, spec api.TokenSpec) (api.NewToken, error) {
	return k.Create(ctx, itself(), spec)
}
