#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pyrometer {

// In place of an index: nothing is there.
inline constexpr uint32_t kNone = 0xffffffff;

// A good mix of all bits of a key into all bits (splitmix64's last steps), so
// that a table may take any of them.
inline uint64_t MixBits(uint64_t key) {
  key ^= key >> 30;
  key *= 0xbf58476d1ce4e5b9u;
  key ^= key >> 27;
  key *= 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

// From 64-bit keys to 32-bit values below kNone: open addressing in one column
// of slots, never more than half full.
class KeyTable {
 public:
  explicit KeyTable(size_t expected = 0) {
    size_t capacity = 64;
    while (capacity < expected * 2) capacity *= 2;
    slots_.resize(capacity);
  }

  // The value of a key, or kNone.
  uint32_t Find(uint64_t key) const { return slots_[SlotOf(key)].value; }

  // Adds a key that is not there yet.
  void Insert(uint64_t key, uint32_t value) {
    if (++count_ * 2 > slots_.size()) Grow();
    slots_[SlotOf(key)] = {key, value};
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t value = kNone;
  };

  size_t SlotOf(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = MixBits(key) & mask;
    while (slots_[slot].value != kNone && slots_[slot].key != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.value != kNone) slots_[SlotOf(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  size_t count_ = 0;
};

// Keys that are pairs: the children of a tree by (parent, what the child is).
class PairTable {
 public:
  explicit PairTable(size_t expected = 0) : table_(expected) {}
  uint32_t Find(uint32_t first, uint32_t second) const {
    return table_.Find(Key(first, second));
  }
  void Insert(uint32_t first, uint32_t second, uint32_t value) {
    table_.Insert(Key(first, second), value);
  }

 private:
  static uint64_t Key(uint32_t first, uint32_t second) {
    return (static_cast<uint64_t>(first) << 32) | second;
  }

  KeyTable table_;
};

// The children of a tree by what they are, for nodes that are made parents
// first. Most nodes have a child or two, which are found in a list that lies
// near; only from nine on they are looked for in a hash table, whose entries
// would be a cache miss each.
class ChildLists {
 public:
  explicit ChildLists(size_t expected) {
    nodes_.reserve(expected);
    nodes_.push_back({});
  }

  // The child of a node by its key, or kNone.
  uint32_t Find(uint32_t parent, uint32_t key) const {
    const Node& node = nodes_[parent];
    if (node.child_count > kListed) return table_.Find(parent, key);
    uint32_t child = node.newest_child;
    while (child != kNone && nodes_[child].key != key) {
      child = nodes_[child].older_sibling;
    }
    return child;
  }

  // Makes a child that is not there yet: the next node.
  uint32_t Add(uint32_t parent, uint32_t key) {
    const auto made = static_cast<uint32_t>(nodes_.size());
    Node& node = nodes_[parent];
    const uint32_t older = node.newest_child;
    node.newest_child = made;
    const uint32_t count = ++node.child_count;
    nodes_.push_back({key, kNone, older, 0});
    if (count == kListed + 1) {
      for (uint32_t child = made; child != kNone;
           child = nodes_[child].older_sibling) {
        table_.Insert(parent, nodes_[child].key, child);
      }
    } else if (count > kListed) {
      table_.Insert(parent, key, made);
    }
    return made;
  }

  uint32_t Key(uint32_t node) const { return nodes_[node].key; }
  // The root among them.
  size_t size() const { return nodes_.size(); }

 private:
  static constexpr uint32_t kListed = 8;
  struct Node {
    uint32_t key = 0;
    uint32_t newest_child = kNone;
    uint32_t older_sibling = kNone;
    uint32_t child_count = 0;
  };

  std::vector<Node> nodes_;
  PairTable table_;
};

// The file's ids. Encoders number from 1 on, so most are found by index; any
// other id is legal and goes through the hash table.
class IdTable {
 public:
  explicit IdTable(size_t count) : direct_(2 * count + 64, kNone) {}

  uint32_t Find(uint64_t id) const {
    return id < direct_.size() ? direct_[id] : others_.Find(id);
  }

  // Adds an id; false when it is 0, which no entry may have, or taken.
  bool Insert(uint64_t id, uint32_t value) {
    if (id == 0 || Find(id) != kNone) return false;
    if (id < direct_.size()) {
      direct_[id] = value;
    } else {
      others_.Insert(id, value);
    }
    return true;
  }

 private:
  std::vector<uint32_t> direct_;
  KeyTable others_;
};

}  // namespace pyrometer
