//go:build unix

package program

import "unsafe"

// overwrite writes x over value if it lies within one of the words, whose memory can be
// written to: the runtime makes os.Args point to where the system put the arguments.
func overwrite(words []string, value string) {
	if value == "" {
		return
	}
	begin := address(value)
	for _, w := range words {
		if w == "" || begin < address(w) || begin+uintptr(len(value)) > address(w)+uintptr(len(w)) {
			continue
		}
		bytes := unsafe.Slice(unsafe.StringData(value), len(value))
		for i := range bytes {
			bytes[i] = 'x'
		}
		return
	}
}

func address(s string) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(s))) }
