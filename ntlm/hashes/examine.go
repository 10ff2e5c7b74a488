package hashes

import (
	"context"
	"errors"
	"fmt"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: the file and what is in it.
func (v *Verifier) Examine(ctx context.Context, r *doctor.Report) {
	add := "ntlm hash add " + v.path + " USER"
	ok := r.File(doctor.File{
		Path: v.path, Kind: "hash-file", Make: add,
		Harm:    "an NT hash is as good as the password: whoever reads it can log in as anybody in it, here and wherever the password is the same",
		Forgery: "whoever writes it can make users and log in as anybody",
	})
	if !ok {
		return
	}
	fault := func(code, what string) {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: code, Where: v.path, What: what, Why: "nobody can log in", Cure: add})
	}
	err := v.file.Reload(ctx)
	t, err2 := v.file.Current(ctx)
	switch {
	case errors.Is(err, errEmpty):
		fault("hash-file-empty", "it is empty")
		return
	case errors.Join(err, err2) != nil:
		fault("hash-file-unusable", errors.Join(err, err2).Error())
		return
	case len(t.accounts) == 0:
		r.Add(doctor.Finding{Severity: doctor.Warning, Code: "hash-file-nobody", Where: v.path, What: "the file has no users", Why: "everybody is refused", Cure: add})
		return
	}
	r.Good("hash-file", v.path, "users: %d", len(t.accounts))
	if n := len(t.notes.List) + t.notes.More; n > 0 {
		first := t.notes.List[0]
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "hash-file-lines", Where: fmt.Sprintf("%s:%d", v.path, first.Line), What: fmt.Sprintf("lines that do not count, or not as they seem: %d, the first of them: %s", n, first.Text),
			Why: "their users cannot log in, or with another password", Cure: "mend or remove the lines; " + add + " enters a user",
		})
	}
}
