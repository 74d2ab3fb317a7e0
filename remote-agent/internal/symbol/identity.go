package symbol

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"pyrometer.dev/remote-agent/internal/engine"
)

// identityPart is how much of the beginning and of the end of a file its identity covers.
const identityPart = 4096

// fileIdentity computes the unwinder's FileID of a file: 128 bits in hex of SHA-256 over its first 4 KiB, its last 4 KiB (they
// overlap in small files) and its length, 8 bytes big-endian. It covers headers, build-id and section headers, not
// the middle: who can make a process run can forge the names of a file by giving another one its head, tail and length.
func fileIdentity(reader io.ReaderAt, size int64) (string, error) {
	hash := sha256.New()
	part := min(size, identityPart)
	for _, offset := range []int64{0, size - part} {
		if _, err := io.Copy(hash, io.NewSectionReader(reader, offset, part)); err != nil {
			return "", fmt.Errorf("read head and tail of file: %w", err)
		}
	}
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(size))
	hash.Write(length[:])
	return hex.EncodeToString(hash.Sum(nil)[:16]), nil
}

// checkIdentity makes sure that an opened file is the mapped one: by its FileID, or by its build-id where the
// FileID differs because the file was stripped since. Wrong names are worse than none.
func checkIdentity(file *image, mapping *engine.Mapping) error {
	identity, err := fileIdentity(file.reader, file.size)
	if err != nil {
		return err
	}
	if identity == strings.ToLower(strings.ReplaceAll(mapping.FileID, "-", "")) {
		return nil
	}
	if mapping.BuildID != "" {
		buildID, err := file.buildID()
		if err != nil {
			return err
		}
		if strings.EqualFold(buildID, mapping.BuildID) {
			return nil
		}
	}
	return refuse(ReasonReplaced, "content %s is not the mapped %s", identity, mapping.FileID)
}
