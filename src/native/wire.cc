#include "wire.h"

#include <array>
#include <cstring>

namespace pyrometer {
namespace {

enum class Kind : uint8_t { kUnknown, kNumber, kNumbers, kText, kMessage };

struct Message;

struct Field {
  Kind kind = Kind::kUnknown;
  const Message* message = nullptr;
};

// Fields by number; the fields of pprof's messages stay below 16.
struct Message {
  std::array<Field, 16> fields;
};

constexpr Message Numbers(int count) {
  Message message{};
  for (int field = 1; field <= count; ++field) {
    message.fields[field].kind = Kind::kNumber;
  }
  return message;
}

constexpr Message kValueType = Numbers(2);
constexpr Message kLabel = Numbers(4);
constexpr Message kLine = Numbers(3);
constexpr Message kMapping = Numbers(10);
constexpr Message kFunction = Numbers(5);

constexpr Message kSample = [] {
  Message message{};
  message.fields[1].kind = Kind::kNumbers;
  message.fields[2].kind = Kind::kNumbers;
  message.fields[3] = {Kind::kMessage, &kLabel};
  return message;
}();

constexpr Message kLocation = [] {
  Message message = Numbers(5);
  message.fields[4] = {Kind::kMessage, &kLine};
  return message;
}();

constexpr Message kProfile = [] {
  Message message{};
  message.fields[1] = {Kind::kMessage, &kValueType};
  message.fields[2] = {Kind::kMessage, &kSample};
  message.fields[3] = {Kind::kMessage, &kMapping};
  message.fields[4] = {Kind::kMessage, &kLocation};
  message.fields[5] = {Kind::kMessage, &kFunction};
  message.fields[6].kind = Kind::kText;
  for (int field : {7, 8, 9, 10, 12, 14, 15}) {
    message.fields[field].kind = Kind::kNumber;
  }
  message.fields[11] = {Kind::kMessage, &kValueType};
  message.fields[13].kind = Kind::kNumbers;
  return message;
}();

bool IsNumeric(Kind kind) {
  return kind == Kind::kNumber || kind == Kind::kNumbers;
}

// Checks that bytes are varints. Eight are looked at together: where none has
// four bytes in a row that go on, no varint is longer than ten.
void CheckNumbers(Reader numbers) {
  const std::span<const uint8_t> bytes = numbers.Bytes();
  constexpr uint64_t kGoesOn = 0x8080808080808080;
  size_t at = 0;
  bool plain = bytes.empty() || bytes.back() < 0x80;
  for (; plain && at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    word &= kGoesOn;
    plain = (word & (word >> 8) & (word >> 16) & (word >> 24)) == 0;
  }
  // Fewer than eight are left, and a varint from before has three at most.
  if (plain) return;
  while (!numbers.done()) numbers.Varint();
}

// Checks a nested message in full. Its tags are one byte and its values
// varints or lengths: pprof has no others. Nesting is as deep as the schema,
// three levels, so the recursion is bounded.
void CheckMessage(Reader reader, const Message& message) {
  while (!reader.done()) {
    const size_t offset = reader.at();
    const uint8_t tag = reader.Byte();
    const int wire_type = tag & 7;
    if (tag < 8 || tag >= 0x80 || (wire_type != 0 && wire_type != 2)) {
      throw ReadError{Problem::kBadField, offset};
    }
    const Field& field = message.fields[tag >> 3];
    if (wire_type == 0) {
      if (field.kind != Kind::kUnknown && !IsNumeric(field.kind)) {
        throw ReadError{Problem::kWrongFieldType, offset};
      }
      reader.Varint();
      continue;
    }
    if (field.kind == Kind::kNumber) {
      throw ReadError{Problem::kWrongFieldType, offset};
    }
    Reader inner = reader.Take(reader.Varint());
    if (field.kind == Kind::kNumbers) {
      CheckNumbers(inner);
    } else if (field.kind == Kind::kMessage) {
      CheckMessage(inner, *field.message);
    }
  }
}

// Steps over a field of the top level that pprof does not have (yet).
void SkipUnknown(Reader& reader, int wire_type, size_t offset) {
  switch (wire_type) {
    case 0:
      reader.Varint();
      return;
    case 1:
      reader.Take(8);
      return;
    case 2:
      reader.Take(reader.Varint());
      return;
    case 5:
      reader.Take(4);
      return;
    default:
      throw ReadError{Problem::kBadField, offset};
  }
}

std::vector<Extent>* ExtentsOf(PprofLayout& layout, uint64_t field) {
  switch (field) {
    case 1:
      return &layout.sample_types;
    case 2:
      return &layout.samples;
    case 3:
      return &layout.mappings;
    case 4:
      return &layout.locations;
    case 5:
      return &layout.functions;
    case 6:
      return &layout.strings;
    case 11:
      return &layout.period_types;
    default:
      return nullptr;
  }
}

void SetScalar(PprofLayout& layout, uint64_t field, uint64_t value) {
  switch (field) {
    case 9:
      layout.time_nanos = value;
      return;
    case 10:
      layout.duration_nanos = value;
      return;
    case 12:
      layout.period = value;
      return;
    case 14:
      layout.default_sample_type = value;
      return;
    default:
      return;
  }
}

}  // namespace

const char* ProblemName(Problem problem) {
  switch (problem) {
    case Problem::kTruncated:
      return "truncated";
    case Problem::kBadLength:
      return "bad-length";
    case Problem::kBadVarint:
      return "bad-varint";
    case Problem::kBadField:
      return "bad-field";
    case Problem::kWrongFieldType:
      return "wrong-field-type";
    case Problem::kNoSampleTypes:
      return "no-sample-types";
    case Problem::kTooManySampleTypes:
      return "too-many-sample-types";
    case Problem::kTooManyCallPaths:
      return "too-many-call-paths";
  }
  return "";
}

uint64_t Reader::LongVarint() {
  const size_t start = at_;
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    if (at_ == end_) throw ReadError{Shortage(), start};
    if (shift == 70) throw ReadError{Problem::kBadVarint, start};
    const uint64_t byte = file_[at_++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

PprofLayout ReadLayout(std::span<const uint8_t> file, const WorkWatch& watch) {
  PprofLayout layout;
  Reader reader(file);
  for (size_t fields = 1; !reader.done(); ++fields) {
    if (fields % WorkWatch::kStepsBetweenLooks == 0) {
      watch.Report(reader.at(), file.size());
    }
    const size_t offset = reader.at();
    const uint64_t tag = reader.Varint();
    const uint64_t number = tag >> 3;
    const int wire_type = static_cast<int>(tag & 7);
    if (number == 0) throw ReadError{Problem::kBadField, offset};
    const Field field = number < 16 ? kProfile.fields[number] : Field{};
    if (field.kind == Kind::kUnknown) {
      SkipUnknown(reader, wire_type, offset);
    } else if (wire_type == 0) {
      if (!IsNumeric(field.kind)) {
        throw ReadError{Problem::kWrongFieldType, offset};
      }
      const uint64_t value = reader.Varint();
      if (field.kind == Kind::kNumbers) {
        layout.comments.push_back(value);
      } else {
        SetScalar(layout, number, value);
      }
    } else {
      if (wire_type != 2 || field.kind == Kind::kNumber) {
        throw ReadError{Problem::kWrongFieldType, offset};
      }
      Reader inner = reader.Take(reader.Varint());
      if (auto* extents = ExtentsOf(layout, number)) {
        extents->push_back({inner.at(), inner.end()});
      }
      if (field.kind == Kind::kNumbers) {
        while (!inner.done()) layout.comments.push_back(inner.Varint());
      } else if (field.kind == Kind::kMessage) {
        CheckMessage(inner, *field.message);
      }
    }
  }
  return layout;
}

}  // namespace pyrometer
