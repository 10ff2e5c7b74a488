// Package guard stands in front of a backend that asks a directory, and keeps what it
// asks from locking accounts. It remembers two things about a user's name:
//
//   - passwords that were refused. The same name with the same password is refused for
//     a short time without asking again: browsers and other programs go on sending an
//     old password, several times a second, and Squid passes each on;
//   - how often the directory refused the name. After so many times it is not asked
//     about that name any more until the directory has forgotten as well.
//
// Besides, it does not ask again at once what a server was sent and has not answered to:
// it may count each time, and Squid asks three times what a helper cannot tell.
//
// # What counts
//
// The count is of refusals, not of passwords, because a directory counts those. It
// begins anew once the name was not refused for the whole window, which is how Active
// Directory does it (lockoutObservationWindow) and stricter than a window that slides;
// and with an accepted login of the same user, which sets the directory's count to zero too. One
// password is asked about twice at most within a count, so that a device with an old
// one does not use it all up. Refusals that no password would have changed, such as a
// disabled account, are neither counted nor remembered. Names that do not exist are
// treated as those that do, so that nobody can tell them apart by it; a chain of backends
// is told all the same that the name is unknown here.
//
// A question is entered as a refusal before it is asked, and struck out afterwards
// unless it was one: so the count is never exceeded, however many are asked at the same
// time. A process that is killed meanwhile leaves its question counted.
//
// A name that is held back is so for everybody, and whoever can reach the proxy can
// bring that about. The password that last let the user in, which each process knows
// for itself, is therefore passed on once more: the directory may hence be asked once
// more than the limit says.
//
// # Where it is kept
//
// Squid runs several processes of a helper. What is remembered lies in a file that they
// share (see file), and in the memory of each, which stands in while the file cannot be
// used. Neither ever lets anybody in: whatever the file holds, at worst somebody is
// refused, and never for longer than the times that were set.
package guard
