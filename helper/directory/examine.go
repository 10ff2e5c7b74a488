package directory

import (
	"context"
	"fmt"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/doctor"
)

// examinable is a Searcher that has servers of its own.
type examinable interface {
	ExamineServers(context.Context, *doctor.Report) bool
}

// Examine implements doctor.Examiner: the servers, and whether groups can be looked for.
func (d *Directory) Examine(ctx context.Context, r *doctor.Report) {
	servers, ok := d.opt.Servers.(examinable)
	if !ok || !servers.ExamineServers(ctx, r) {
		return // or it asks as each user, and nobody is logged in now
	}
	d.asking <- struct{}{}
	defer func() { <-d.asking }()
	base, err := d.base(ctx, "")
	if err == nil {
		_, err = d.opt.Servers.Search(ctx, &ldap.SearchRequest{
			BaseDN: base, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{attrSID},
		})
	}
	if err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "ldap-base", Where: base, What: err.Error(), Why: "groups have no names, and --require-group with a name admits nobody",
			Cure: "--ldap-base with the DN of the domain, such as dc=example,dc=org; and --ldap-bind-dn, since Active Directory tells nobody in particular nothing",
		})
		return
	}
	r.Good("ldap-base", base, "groups are looked for there")
}

// maxHolders is more than an SPN should have.
const maxHolders = 8

// Holders returns the DNs of the accounts that have a service principal name, of which
// there should be one ([MS-ADTS] section 3.1.1.5.1.3).
func (d *Directory) Holders(ctx context.Context, spn string) ([]string, error) {
	d.asking <- struct{}{}
	defer func() { <-d.asking }()
	base, err := d.base(ctx, "")
	if err != nil {
		return nil, err
	}
	found, err := d.opt.Servers.Search(ctx, &ldap.SearchRequest{
		BaseDN: base, Scope: ldap.ScopeWholeSubtree, SizeLimit: maxHolders,
		Filter: fmt.Sprintf("(servicePrincipalName=%s)", ldap.EscapeFilter(spn)), Attributes: []string{attrName},
	})
	var holders []string
	for _, e := range found {
		holders = append(holders, e.DN)
	}
	return holders, err
}
