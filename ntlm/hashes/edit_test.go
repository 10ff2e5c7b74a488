package hashes

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hashes")
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if _, err := os.Stat(path + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the draft is still there: %v", err)
	}
}

func TestSet(t *testing.T) {
	x, y := nt("x"), nt("y")
	for _, c := range []struct{ before, user, after string }{
		{"", "bob", "bob:" + y + "\n"},
		{"# users", "bob", "# users\nbob:" + y + "\n"},
		{"alice:" + x + "\n", "bob", "alice:" + x + "\nbob:" + y + "\n"},
		{"bob:" + x + "\nalice:" + x + "\n", "bob", "alice:" + x + "\nbob:" + y + "\n"},
		{"bob:" + x + ":[D]:Bob B.\n", "bob", "bob:" + y + ":[D]:Bob B.\n"},
		{"BOB:" + x + "\nbob:" + x + "\n", "Bob", "Bob:" + y + "\n"},
		{"broken\n", "bob", "broken\nbob:" + y + "\n"},
		{"alice:" + x, "Jürgen Müller", "alice:" + x + "\nJürgen Müller:" + y + "\n"},
	} {
		path := newFile(t, c.before)
		created, err := Set(path, c.user, "y")
		if err != nil || created {
			t.Errorf("%q: %v, %v", c.before, created, err)
		}
		wantContent(t, path, c.after)
	}
}

func TestSetCreates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hashes")
	created, err := Set(path, "bob", "x")
	if err != nil || !created {
		t.Errorf("%v, %v", created, err)
	}
	wantContent(t, path, "bob:"+nt("x")+"\n")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestRemove(t *testing.T) {
	x := nt("x")
	for _, c := range []struct{ before, user, after string }{
		{"bob:" + x + "\nalice:" + x + "\n", "BOB", "alice:" + x + "\n"},
		{"bob:" + x + "\nBob:" + x + "\nalice:" + x, "bob", "alice:" + x},
		{"bob:" + x + "\n", "bob", "# no users\n"},
		{"\n\nbob:" + x + "\n", "bob", "# no users\n"},
		{"# mine\nbob:" + x + "\n", "bob", "# mine\n"},
	} {
		path := newFile(t, c.before)
		if err := Remove(path, c.user); err != nil {
			t.Errorf("%q: %v", c.before, err)
		}
		wantContent(t, path, c.after)
		if _, err := parse([]byte(c.after)); err != nil {
			t.Errorf("%q: %v", c.after, err)
		}
	}
}

// TestNoChange: what cannot be done leaves the file as it was.
func TestNoChange(t *testing.T) {
	ours, theirs := "bob:"+nt("x")+"\n", samba("bob", nt("x"), "U")
	set := func(user, password string) func(string) error {
		return func(path string) error { _, err := Set(path, user, password); return err }
	}
	remove := func(user string) func(string) error {
		return func(path string) error { return Remove(path, user) }
	}
	for name, c := range map[string]struct {
		content string
		change  func(string) error
		want    error
	}{
		"no such user":         {ours, remove("alice"), ErrNoSuchUser},
		"nobody":               {ours, remove(""), ErrNoSuchUser},
		"set in smbpasswd":     {theirs, set("bob", "y"), errSamba},
		"add to smbpasswd":     {theirs, set("alice", "y"), errSamba},
		"remove of smbpasswd":  {theirs, remove("bob"), errSamba},
		"only broken lines":    {ours + "broken\n", remove("bob"), errUnusable},
		"empty password":       {ours, set("bob", ""), errPassword},
		"password not UTF-8":   {ours, set("bob", "\xff"), errPassword},
		"endless password":     {ours, set("bob", strings.Repeat("x", 257)), errPassword},
		"empty name":           {ours, set("", "x"), errUser},
		"a colon":              {ours, set("a:b", "x"), errUser},
		"a domain":             {ours, set(`EXAMPLE\bob`, "x"), errUser},
		"a line feed":          {ours, set("a\nb", "x"), errUser},
		"a comment":            {ours, set("#a", "x"), errUser},
		"a blank":              {ours, set(" a", "x"), errUser},
		"not UTF-8":            {ours, set("\xff", "x"), errUser},
		"endless name":         {ours, set(strings.Repeat("x", 257), "x"), errUser},
		"guest":                {ours, set("GUEST", "x"), errGuest},
		"not changed any more": {ours, func(path string) error { return Remove(path+"/hashes", "bob") }, nil},
	} {
		path := newFile(t, c.content)
		if err := c.change(path); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		wantContent(t, path, c.content)
	}
}

// TestTwoAtOnce: while somebody changes the file, nobody else does.
func TestTwoAtOnce(t *testing.T) {
	path := newFile(t, "")
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Set(path, "bob", "x"); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path+".new") {
		t.Error(err)
	}
	if err := os.Remove(path + ".new"); err != nil {
		t.Fatal(err)
	}
	if _, err := Set(path, "bob", "x"); err != nil {
		t.Error(err)
	}
}

// TestModeAndLink: the file keeps its mode, and a link to it stays one.
func TestModeAndLink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := newFile(t, "bob:"+nt("x")+"\n")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o600, 0o640, 0o660} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Set(link, "bob", "y"); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link: %v, %v", info.Mode(), err)
	}
	wantContent(t, path, "bob:"+nt("y")+"\n")
}

// FuzzEdit: what is added can be read and taken out again, and other users stay as
// they are.
func FuzzEdit(f *testing.F) {
	f.Add("bob:"+nt("x")+"\n", "alice")
	f.Add("# no users\nBOB:"+nt("x")+":[D]\nbroken", "bob")
	f.Fuzz(func(t *testing.T, content, user string) {
		before, err := parse([]byte(content))
		if err != nil || checkUser(user) != nil {
			return
		}
		with, err := setLine(content, user, nt("y"))
		if err != nil {
			return
		}
		after, err := parse([]byte(with))
		if err != nil {
			t.Fatalf("%q: %v", with, err)
		}
		if a, known := after.find(user); known && a.hash != parsedHash(nt("y")) {
			t.Fatalf("%q: %+v", with, a)
		}
		for key, a := range before.accounts {
			if other, _ := after.find(a.name); other != a && other.hash != parsedHash(nt("y")) {
				t.Fatalf("%q became %+v", key, other)
			}
		}
		if without, err := removeLine(with, user); err == nil {
			if last, err := parse([]byte(without)); err != nil || last.has(user) {
				t.Fatalf("%q: %v", without, err)
			}
		}
	})
}

func parsedHash(s string) [16]byte {
	k, _ := parseHash(s)
	return k
}

func (t *table) has(user string) bool {
	_, known := t.find(user)
	return known
}
