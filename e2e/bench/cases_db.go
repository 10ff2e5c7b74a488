package main

import (
	"database/sql"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"
)

// dbCases compare what asks SQLite: of the three databases the one that takes no time of its own. The table has an index,
// as any that is used has.
func dbCases() []testCase {
	md5hex := md5hexAccounts()
	kept := dbCase("kept connection", md5hex, right(md5hex), ratioAtLeast(measureRate, 1))
	kept.b.args = append(kept.b.args, "--persist")
	kept.pin = pinNone
	same := kept
	same.name += ", same CPU"
	each := dbCase("connection for each", md5hex, right(md5hex), ratioAtLeast(measureRate, 1))
	wrong := dbCase("wrong", md5hex, wrong(md5hex))
	idle := dbCase("50 idle processes", md5hex, right(md5hex))
	idle.kind, idle.pin = kindIdle, pinNone
	start := dbCase("first reply", md5hex, right(md5hex))
	start.kind, start.pin = kindStart, pinNone
	return []testCase{kept, sameCPU(same), each, wrong, idle, start}
}

func dbCase(name string, accounts []account, requests []request, targets ...target) testCase {
	return testCase{
		name:     "db " + name,
		a:        command{from: ours, program: "basic-db", args: []string{"--remember-refused=0", "db", "--dsn", "sqlite:FILE", "--md5"}},
		b:        command{from: stock, program: "basic_db_auth", args: []string{"--dsn", "DBI:SQLite:dbname=FILE", "--md5"}},
		file:     func() []byte { return database(accounts) },
		requests: requests,
		pin:      pinSplit,
		targets:  targets,
	}
}

// database returns the bytes of a file of SQLite. What could go wrong is the machine's disk, which ends the run.
func database(accounts []account) []byte {
	dir, err := os.MkdirTemp("", "bench-db-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "db")
	if err := fill(path, accounts); err != nil {
		panic(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return content
}

func fill(path string, accounts []account) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE passwd (user TEXT PRIMARY KEY, password TEXT, enabled INTEGER DEFAULT 1)"); err != nil {
		return err
	}
	for _, a := range accounts {
		if _, err := db.Exec("INSERT INTO passwd (user, password) VALUES (?, ?)", a.user, a.hash); err != nil {
			return err
		}
	}
	return nil
}
