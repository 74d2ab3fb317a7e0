#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tables.h"

namespace pyrometer {

// Labels and sets of them; the contract of the columns is that of Labels in
// core/profile/profile.ts.
struct LabelColumns {
  std::vector<uint32_t> key;
  std::vector<uint32_t> text;
  std::vector<int64_t> number;
  std::vector<uint32_t> unit;
  std::vector<uint32_t> set_prefix;
  std::vector<uint32_t> set_label;
};

// A label as it is read: string indices, and a number that counts where `text`
// is 0.
struct NewLabel {
  uint32_t key;
  uint32_t text;
  int64_t number;
  uint32_t unit;
};

// Collects distinct labels and sets of them.
class LabelTable {
 public:
  // Holds label 0 and the empty set.
  LabelTable();

  // The index of a set of labels, in whatever order and however often each
  // stands there; 0 for none.
  uint32_t SetOf(std::span<const NewLabel> labels);

  // Ends the collecting.
  LabelColumns Finish();

 private:
  uint32_t IndexOf(NewLabel label);

  LabelColumns columns_;
  // A label is found by its name, which is key and text, and its amount, which
  // is number and unit.
  PairTable names_;
  KeyTable numbers_;
  PairTable amounts_;
  PairTable labels_;
  uint32_t name_count_ = 0;
  uint32_t number_count_ = 0;
  uint32_t amount_count_ = 0;
  ChildLists sets_;
  std::vector<uint32_t> sorted_;
};

}  // namespace pyrometer
