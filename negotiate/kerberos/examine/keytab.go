package examine

import (
	"fmt"
	"slices"
	"strings"

	"squidauth/helper/doctor"
	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos/initiator"
)

const (
	// maxKeytab bounds the file in bytes. A key takes 100.
	maxKeytab = 1 << 20
	// maxListed bounds the principals that are listed.
	maxListed = 16
)

// keytab looks at the file and its keys, and returns those that can be used; nil: none.
func (e *examination) keytab() []initiator.ServiceKey {
	ok := e.report.File(doctor.File{
		Path: e.Keytab, Kind: "keytab",
		Make:    "make it with ktpass, msktutil, adcli or samba-tool, as docs/negotiate.md says; or mend --keytab",
		Harm:    "whoever reads the keys can log in to the proxy as anybody, and take the proxy's place",
		Forgery: "whoever puts a key of his own in can log in as anybody",
	})
	if !ok {
		return nil
	}
	content, err := watch.ReadRegular(e.Keytab, maxKeytab)
	var keys []initiator.ServiceKey
	if err == nil {
		keys, err = initiator.ParseKeytab(content)
	}
	if err != nil {
		e.add(doctor.Fault, "keytab-unusable", e.Keytab, err.Error(), "nobody can log in", "make it anew: klist -ekt "+e.Keytab+" shows what MIT's library reads of it")
		return nil
	}
	e.report.Good("keytab", e.Keytab, "%s", list(keys))
	if e.spn(keys) {
		e.strength(keys)
	}
	e.realms(keys)
	return keys
}

// list has the principals with their key numbers and encryption types.
func list(keys []initiator.ServiceKey) string {
	var words []string
	for i := 0; i < len(keys); {
		k := keys[i]
		var types []string
		for ; i < len(keys) && keys[i].Principal.String() == k.Principal.String() && keys[i].Kvno == k.Kvno; i++ {
			types = append(types, initiator.EnctypeName(keys[i].Key.KeyType))
		}
		words = append(words, fmt.Sprintf("%s kvno %d (%s)", k.Principal, k.Kvno, strings.Join(types, ", ")))
	}
	if more := len(words) - maxListed; more > 0 {
		words = append(words[:maxListed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// admitted are the keys of the principals that tickets may be for.
func (e *examination) admitted(keys []initiator.ServiceKey) []initiator.ServiceKey {
	if len(e.SPNs) == 0 {
		return keys
	}
	return slices.DeleteFunc(slices.Clone(keys), func(k initiator.ServiceKey) bool {
		return !slices.ContainsFunc(e.SPNs, func(spn string) bool { return isNamed(k.Principal, spn) })
	})
}

// isNamed reports whether a principal is spn, which may lack the realm.
func isNamed(p initiator.Principal, spn string) bool {
	return spn == p.String() || spn == strings.Join(p.Name, "/")
}

// spn looks whether the keytab has the service that is asked for, and reports whether
// there is any key to go on with.
func (e *examination) spn(keys []initiator.ServiceKey) bool {
	for _, spn := range e.SPNs {
		if slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return isNamed(k.Principal, spn) }) {
			continue
		}
		cure := "--spn " + strings.Join(keys[0].Principal.Name, "/") + ", or none"
		for _, k := range keys { // in another spelling
			if name := strings.Join(k.Principal.Name, "/"); strings.EqualFold(spn, name) || strings.EqualFold(spn, k.Principal.String()) {
				cure = "--spn " + name
			}
		}
		e.add(doctor.Fault, "spn-not-in-keytab", "--spn "+spn, "the keytab has no key of this principal in this spelling", "no ticket for it can be opened", cure)
	}
	mine := e.admitted(keys)
	if len(mine) > 0 && !e.IsProof && !slices.ContainsFunc(mine, isHTTP) {
		e.add(doctor.Warning, "keytab-no-http", e.Keytab, "it has no key of a principal HTTP/…",
			"browsers ask for a ticket for HTTP/ and the proxy's name: that can be opened only if it is a name of the same account, with the same key",
			"make a keytab with HTTP/ and the name that browsers are given for the proxy, in lower case")
	}
	return len(mine) > 0
}

func isHTTP(k initiator.ServiceKey) bool {
	return len(k.Principal.Name) == 2 && k.Principal.Name[0] == "HTTP"
}

// strength looks at the encryption types of the keys that count.
func (e *examination) strength(keys []initiator.ServiceKey) {
	weak := !slices.ContainsFunc(e.admitted(keys), func(k initiator.ServiceKey) bool { return !k.Weak() })
	const cure = "give the account AES keys (in Active Directory: msDS-SupportedEncryptionTypes 24, then a new password), and make the keytab anew"
	switch {
	case weak && e.PermitRC4:
		e.add(doctor.Warning, "keytab-weak", e.Keytab, "it has keys of rc4-hmac only", "current domain controllers no longer use it, and whoever records a login can guess the password of the service", cure)
	case weak:
		e.add(doctor.Fault, "keytab-weak", e.Keytab, "it has keys of rc4-hmac only, which is not accepted", "nobody can log in", cure)
	case e.PermitRC4:
		e.add(doctor.Warning, "permit-rc4", "--permit-rc4", "rc4-hmac is accepted although the keytab has better keys", "whoever records a login with it can guess the password of the service at leisure", "take --permit-rc4 away")
	}
}

// realms looks whether clients of the realms that are let in can come.
func (e *examination) realms(keys []initiator.ServiceKey) {
	for _, realm := range e.Realms {
		if slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return k.Principal.Realm == realm }) {
			continue
		}
		i := slices.IndexFunc(keys, func(k initiator.ServiceKey) bool { return strings.EqualFold(k.Principal.Realm, realm) })
		if i >= 0 {
			e.add(doctor.Fault, "realm-spelling", "--realm "+realm, "the realm is called "+keys[i].Principal.Realm, "clients of it are refused: the case of letters counts", "--realm "+keys[i].Principal.Realm)
			continue
		}
		e.add(doctor.Warning, "realm-not-in-keytab", "--realm "+realm, "no key of the keytab is of this realm", "its users get in only if the realm "+keys[0].Principal.Realm+" trusts it", "--realm "+keys[0].Principal.Realm+", unless there is such a trust")
	}
}
