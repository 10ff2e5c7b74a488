//go:build !unix

package guard

// alive returns true: processes know nothing of one another here.
func alive(int) bool { return true }
