package ldap

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/doctor"
)

// nobodysName is one that no user has.
const nobodysName = "squidauth-doctor-nobody"

// examinable is what can say of itself what is wrong with it.
type examinable interface {
	examine(ctx context.Context, servers *ldapconn.Pool, r *doctor.Report)
}

// Examine implements doctor.Examiner: the servers, and the searches that logins need.
// Nobody is logged in but the service account.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	if !b.opt.Servers.ExamineServers(ctx, r) {
		return
	}
	for _, part := range []any{b.opt.Account, b.opt.Groups} {
		if e, ok := part.(examinable); ok {
			e.examine(ctx, b.opt.Servers, r)
		}
	}
}

// examine looks for the base, and for a name that nobody has.
func (f *Find) examine(ctx context.Context, servers *ldapconn.Pool, r *doctor.Report) {
	if !examineBase(ctx, servers, f.Base, "--base", r) {
		return
	}
	filter := f.Filter.Fill(func(byte) string { return nobodysName })
	found, err := servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: f.Base, Scope: f.Scope, DerefAliases: f.Dereference, SizeLimit: 2, TimeLimit: secondsLeft(ctx),
		Filter: filter, Attributes: []string{noAttributes},
	})
	switch {
	case err != nil:
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "ldap-search", Where: "--filter", What: err.Error(), Why: "nobody can log in",
			Cure: "mend --filter, or give the service account the right to search under " + f.Base,
		})
	case len(found) > 0:
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "ldap-filter", Where: "--filter", What: fmt.Sprintf("it finds an entry for a name that nobody has: %.200q", found[0].DN),
			Why: "it finds the same for every user: somebody's password lets everybody in, or there is more than one and nobody gets in", Cure: "a filter such as (&(objectClass=person)(uid=%s)), whose parts are joined by & and not by |",
		})
	default:
		r.Good("ldap-search", "--filter", "finds nobody for a name that nobody has")
	}
}

func (m *Make) examine(ctx context.Context, servers *ldapconn.Pool, r *doctor.Report) {
	examineBase(ctx, servers, m.Base, "--base", r)
}

func (g *Entries) examine(ctx context.Context, servers *ldapconn.Pool, r *doctor.Report) {
	if !examineBase(ctx, servers, g.Base, "--group-base", r) {
		return
	}
	_, err := servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: g.Base, Scope: ldap.ScopeWholeSubtree, SizeLimit: 1, TimeLimit: secondsLeft(ctx),
		Filter: g.Filter.Fill(func(byte) string { return "cn=" + nobodysName }), Attributes: []string{g.Attribute},
	})
	if err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "ldap-groups", Where: "--group-filter", What: err.Error(), Why: "who logs in with the right password is told that the service is not available",
			Cure: "mend --group-filter, or give the service account the right to search under " + g.Base,
		})
	}
}

func (t *Token) examine(ctx context.Context, _ *ldapconn.Pool, r *doctor.Report) {
	t.Groups.Examine(ctx, r)
}

// examineBase looks whether there is an entry of that DN.
func examineBase(ctx context.Context, servers *ldapconn.Pool, base, option string, r *doctor.Report) bool {
	_, err := servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: base, Scope: ldap.ScopeBaseObject, TimeLimit: secondsLeft(ctx), Filter: "(objectClass=*)", Attributes: []string{noAttributes},
	})
	if err == nil {
		r.Good("ldap-base", base, "it is there")
		return true
	}
	f := doctor.Finding{
		Severity: doctor.Fault, Code: "ldap-base", Where: option + " " + base, What: err.Error(), Why: "nobody is found there",
		Cure: option + " with the DN of what holds the users, such as ou=people,dc=example,dc=org",
	}
	switch ldapconn.AnswerCode(err) {
	case ldap.LDAPResultOperationsError, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInappropriateAuthentication:
		f.Code, f.Cure = "ldap-access", "--bind-dn and --bind-password-file of an account that may search there"
	}
	r.Add(f)
	return false
}
