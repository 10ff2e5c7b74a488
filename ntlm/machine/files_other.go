//go:build !unix

package machine

import (
	"io"
	"os"
)

// adopt does nothing: the draft has the rights of its folder, as the file has.
func adopt(*os.File, string) error { return nil }

// syncDir does nothing, as folders cannot be written out.
func syncDir(string) error { return nil }

// lock does nothing: there is no lock that ends with the process.
func (files) lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
