#pragma once

// Small pprof files made by hand: fixtures of the tests and seeds of the fuzz
// target.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pyrometer::testing {

using Bytes = std::vector<uint8_t>;

inline void AppendVarint(Bytes& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    out.push_back(static_cast<uint8_t>(value | 0x80));
  }
  out.push_back(static_cast<uint8_t>(value));
}

inline Bytes Number(int field, uint64_t value) {
  Bytes out;
  AppendVarint(out, static_cast<uint64_t>(field) * 8);
  AppendVarint(out, value);
  return out;
}

inline Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts)
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

inline Bytes Nested(int field, const Bytes& content) {
  Bytes out;
  AppendVarint(out, static_cast<uint64_t>(field) * 8 + 2);
  AppendVarint(out, content.size());
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

inline Bytes Packed(int field, std::initializer_list<uint64_t> values) {
  Bytes content;
  for (const uint64_t value : values) AppendVarint(content, value);
  return Nested(field, content);
}

inline Bytes Text(std::string_view text) {
  return Nested(6, Bytes(text.begin(), text.end()));
}

inline Bytes Location(uint64_t id, std::initializer_list<uint64_t> functions) {
  Bytes content = Join({Number(1, id), Number(2, 1), Number(3, 0x1000 * id)});
  for (const uint64_t function : functions) {
    content = Join({content, Nested(4, Join({Number(1, function),
                                             Number(2, 10 * function)}))});
  }
  return Nested(4, content);
}

inline Bytes Function(uint64_t id, uint64_t name) {
  return Nested(5, Join({Number(1, id), Number(2, name)}));
}

// Strings 1 "cpu", 2 "ns", 3 "main", 4 "work", 5 "/bin/app"; functions 1 main,
// 2 work; location 1 main, 2 work, 3 work inlined into main, 4 unnamed.
inline Bytes Tables() {
  return Join({Nested(1, Join({Number(1, 1), Number(2, 2)})),
               Nested(3, Join({Number(1, 1), Number(5, 5)})), Location(1, {1}),
               Location(2, {2}), Location(3, {2, 1}), Location(4, {}),
               Function(1, 3), Function(2, 4), Text(""), Text("cpu"),
               Text("ns"), Text("main"), Text("work"), Text("/bin/app")});
}

inline Bytes Sample(std::initializer_list<uint64_t> leaf_first,
                    uint64_t value) {
  return Nested(2, Join({Packed(1, leaf_first), Packed(2, {value})}));
}

// "main;work 5", "main 2", "main;work 1" (inlined), and an unnamed address.
inline Bytes SoundFile() {
  return Join({Tables(), Sample({2, 1}, 5), Sample({1}, 2), Sample({3}, 1),
               Sample({4, 1}, 1)});
}

// A sample with labels, each of which is key, text, number and unit.
inline Bytes LabelledSample(
    std::initializer_list<uint64_t> leaf_first, uint64_t value,
    std::initializer_list<std::array<uint64_t, 4>> labels) {
  Bytes content = Join({Packed(1, leaf_first), Packed(2, {value})});
  for (const auto& [key, text, number, unit] : labels) {
    content = Join({content, Nested(3, Join({Number(1, key), Number(2, text),
                                             Number(3, number),
                                             Number(4, unit)}))});
  }
  return Nested(2, content);
}

inline std::vector<Bytes> SampleFiles() {
  return {
      SoundFile(),
      Tables(),
      Join({SoundFile(), Number(9, 1795320152123456789), Number(10, 15),
            Nested(11, Join({Number(1, 1), Number(2, 2)})), Number(12, 10),
            Packed(13, {3, 4}), Number(14, 1)}),
      Join({Tables(), Sample({2, 1, 2, 1, 2, 1, 1}, 5),
            Sample({77, 1}, ~uint64_t{4})}),
      Join({Tables(), LabelledSample({2, 1}, 5, {{1, 3, 0, 0}}),
            LabelledSample({2, 1}, 3, {{4, 0, 512, 2}, {1, 3, 0, 0}}),
            LabelledSample({2, 1}, 2, {{0, 3, 0, 0}}), Sample({2, 1}, 7)}),
  };
}

}  // namespace pyrometer::testing
