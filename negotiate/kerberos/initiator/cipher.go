package initiator

import (
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

func encrypt(plain []byte, k types.EncryptionKey, usage uint32, kvno int) (types.EncryptedData, error) {
	if !enctype.Usable(k) {
		return types.EncryptedData{}, errUnusable(k)
	}
	return crypto.GetEncryptedData(plain, k, usage, kvno)
}

func errUnusable(k types.EncryptionKey) error {
	return fmt.Errorf("a key of %s and %d bytes cannot be used", enctype.Name(k.KeyType), len(k.KeyValue))
}

var errIntegrity = errors.New("it does not decrypt")

func decrypt(e types.EncryptedData, k types.EncryptionKey, usage uint32) ([]byte, error) {
	if !enctype.Usable(k) {
		return nil, errUnusable(k)
	}
	etype, err := crypto.GetEtype(k.KeyType)
	// gokrb5 does not look whether there is anything to decrypt.
	if err != nil || e.EType != k.KeyType || len(e.Cipher) < etype.GetConfounderByteSize()+etype.GetHMACBitLength()/8 {
		return nil, errIntegrity
	}
	plain, err := etype.DecryptMessage(k.KeyValue, e.Cipher, usage)
	if err != nil {
		return nil, errIntegrity
	}
	return plain, nil
}

// checksum returns the keyed checksum that belongs to the key's encryption type.
func checksum(data []byte, k types.EncryptionKey, usage uint32) (types.Checksum, error) {
	if !enctype.Usable(k) {
		return types.Checksum{}, errUnusable(k)
	}
	etype, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return types.Checksum{}, err
	}
	sum, err := etype.GetChecksumHash(k.KeyValue, data, usage)
	return types.Checksum{CksumType: etype.GetHashID(), Checksum: sum}, err
}
