package store

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// What a pushed profile may have, counted before it is parsed: a message of two bytes, or a number of one, becomes a hundred in memory.
const (
	maxPushedObjects = 1 << 20 // messages and texts
	maxPushedNumbers = 4 << 20 // values, and the frames of all stacks
)

// Fields of a pprof that hold messages and numbers within others.
const (
	pprofSample, pprofLocation, pprofComment   = 2, 4, 13
	sampleLocations, sampleValues, sampleLabel = 1, 2, 3
	locationLine                               = 4
	// labelObjects is what a label costs, which becomes maps.
	labelObjects = 3
)

// pushedSize counts what a pprof holds.
type pushedSize struct{ samples, objects, numbers int }

// checkPushedSize refuses a pprof that would grow too large. What cannot be read is left to the parser to say.
func checkPushedSize(plain []byte) error {
	var size pushedSize
	eachField(plain, func(number protowire.Number, content []byte) bool {
		size.count(number, content)
		return size.samples <= maxPushedSamples && size.objects <= maxPushedObjects && size.numbers <= maxPushedNumbers
	})
	switch {
	case size.samples > maxPushedSamples:
		return refuse("profile has more than %d samples: push shorter intervals", maxPushedSamples)
	case size.objects > maxPushedObjects, size.numbers > maxPushedNumbers:
		return refuse("profile has more than %d functions, lines, labels and so on, or stacks of more than %d frames together: push shorter intervals",
			maxPushedObjects, maxPushedNumbers)
	}
	return nil
}

func (s *pushedSize) count(number protowire.Number, content []byte) {
	s.objects++
	switch number {
	case pprofSample:
		s.samples++
		eachField(content, func(inner protowire.Number, content []byte) bool {
			switch inner {
			case sampleLocations, sampleValues:
				s.numbers += max(1, numbersIn(content))
			case sampleLabel:
				s.objects += labelObjects
			}
			return s.objects <= maxPushedObjects && s.numbers <= maxPushedNumbers
		})
	case pprofLocation:
		eachField(content, func(inner protowire.Number, _ []byte) bool {
			if inner == locationLine {
				s.objects++
			}
			return s.objects <= maxPushedObjects
		})
	case pprofComment:
		s.numbers += max(1, numbersIn(content))
	}
}

// numbersIn counts packed numbers: each ends with a byte below 128.
func numbersIn(content []byte) int {
	count := 0
	for _, b := range content {
		if b < 0x80 {
			count++
		}
	}
	return count
}

// eachField visits the fields of a message, with nil for those that are numbers, until visit returns false or nothing more can be read.
func eachField(message []byte, visit func(number protowire.Number, content []byte) bool) {
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return
		}
		message = message[length:]
		var content []byte
		if kind == protowire.BytesType {
			content, length = protowire.ConsumeBytes(message)
		} else {
			length = protowire.ConsumeFieldValue(number, kind, message)
		}
		if length < 0 || !visit(number, content) {
			return
		}
		message = message[length:]
	}
}
