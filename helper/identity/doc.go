// Package identity is what the schemes have in common about who logged in: in
// which form a user's name is reported, so that one person has one name in
// access.log whatever the scheme was, and which groups are reported and required.
package identity
