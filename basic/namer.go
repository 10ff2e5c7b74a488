package basic

// Namer is a Backend that takes several names for one account. Account returns the same
// for all of them, as far as that can be told without asking.
type Namer interface {
	Backend
	Account(user string) string
}

// Account returns that of a Backend; the user's name if it takes each for another.
func Account(b Backend, user string) string {
	if n, ok := b.(Namer); ok {
		return n.Account(user)
	}
	return user
}
