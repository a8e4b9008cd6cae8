// boot/tree_walk.hpp - follows the nesting of a device tree, to a fixed depth and without
// recursion.
//
// An enabled node is visited when all its properties are known and before its children; the
// children of a node that is not enabled are skipped with it.
#pragma once

#include "boot/tree_node.hpp"

namespace kernel {

inline constexpr usize max_tree_depth = 16;

inline Place place_of(const TreeNode& node, const TreeBus& parent)
{
    if (parent.place == Place::nowhere)
        return Place::root;
    if (parent.place == Place::root && node.name == "cpus")
        return Place::cpus;
    if (parent.place == Place::root && node.name == "reserved-memory")
        return Place::reserved_memory;
    return Place::elsewhere;
}

// Visitor: Result<> visit(const TreeNode&, const TreeBus& parent).
template <class Visitor>
class TreeWalk {
public:
    explicit TreeWalk(Visitor& visitor) : visitor_{visitor} {}

    // True until the tree has ended.
    Result<bool> step(const TreeItem& item);

private:
    Result<bool> begin(std::string_view name);
    Result<bool> property(const TreeItem& item);
    Result<bool> end_node();
    Result<> complete_node();

    Visitor& visitor_;
    std::array<TreeBus, max_tree_depth + 1> open_{};  // [0] is above the root
    usize depth_ = 0;
    TreeNode node_;
    bool in_properties_ = false;
    bool root_seen_ = false;
};

template <class Visitor>
Result<bool> TreeWalk<Visitor>::step(const TreeItem& item)
{
    switch (item.token) {
    case Token::begin_node:
        return begin(item.name);
    case Token::property:
        return property(item);
    case Token::end_node:
        return end_node();
    default:
        break;
    }
    if (depth_ != 0 || !root_seen_)
        return fail(Errc::malformed);
    return false;
}

template <class Visitor>
Result<bool> TreeWalk<Visitor>::begin(std::string_view name)
{
    const auto done = complete_node();
    if (!done)
        return fail(done.error());
    if (depth_ == max_tree_depth || (depth_ == 0 && root_seen_))
        return fail(Errc::malformed);
    ++depth_;
    root_seen_ = true;
    node_ = {};
    node_.name = name;
    in_properties_ = true;
    return true;
}

template <class Visitor>
Result<bool> TreeWalk<Visitor>::property(const TreeItem& item)
{
    Value* const place = property_of(node_, item.name);
    if (!in_properties_ || (place != nullptr && *place))
        return fail(Errc::malformed);  // after a child, or twice
    if (place != nullptr)
        *place = item.value;
    return true;
}

template <class Visitor>
Result<bool> TreeWalk<Visitor>::end_node()
{
    const auto done = complete_node();
    if (!done)
        return fail(done.error());
    if (depth_ == 0)
        return fail(Errc::malformed);
    --depth_;
    return true;
}

template <class Visitor>
Result<> TreeWalk<Visitor>::complete_node()
{
    if (!in_properties_)
        return {};
    in_properties_ = false;
    const TreeBus& parent = open_[depth_ - 1];
    const auto address_cells = cell_or(node_.address_cells, 2);
    const auto size_cells = cell_or(node_.size_cells, 1);
    const auto interrupt_parent = cell_or(node_.interrupt_parent, parent.interrupt_parent);
    if (!address_cells || !size_cells || !interrupt_parent)
        return fail(Errc::malformed);

    const Place place = place_of(node_, parent);
    const bool same_addresses = parent.transparent && node_.ranges && node_.ranges->empty();
    open_[depth_] = {.place = place,
                     .address_cells = *address_cells,
                     .size_cells = *size_cells,
                     .interrupt_parent = *interrupt_parent,
                     .enabled = parent.enabled && node_.enabled(),
                     .transparent = place == Place::root || same_addresses};
    return open_[depth_].enabled ? visitor_.visit(node_, parent) : Result<>{};
}

}  // namespace kernel
