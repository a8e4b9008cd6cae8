// vsh/completion.hpp - how the word at the cursor may go on: commands, then names of devices and
// programs. Pure; who has the names is asked.
#pragma once

#include "command.hpp"

#include <string_view>

#include <base/text.hpp>

namespace vsh {

namespace detail {

inline constexpr std::array<std::string_view, 1> watch_words{"servers"};

// Operands of a form that is complete up to the word at the cursor.
template <class Names, class Each>
void operand_words(const Form& form, usize index, Names& names, Each& each)
{
    const auto operand = index < form.operands.size() ? form.operands[index] : Operand::none;
    if (operand == Operand::led)
        std::ranges::for_each(led_names, each);
    else if (operand == Operand::on)
        std::ranges::for_each(switch_words, each);
    else
        names(operand, each);
}

}  // namespace detail

// Calls each(word) for what may stand after `before`, a line without the word at the cursor; a word
// may come twice. names(operand, each) calls each(name) for those that may be such an operand.
template <class Names, class Each>
void possible_words(std::string_view before, Names names, Each each)
{
    Words words{before};
    const auto group = words.next();
    if (group.empty()) {
        for (const Form& form : forms)
            each(form.group);
        return;
    }
    auto after_name = words;
    const auto name = after_name.next();
    if (group == "watch") {
        if (name.empty())
            std::ranges::for_each(detail::watch_words, each);
        return possible_words(words.remainder(), names, each);
    }
    for (const Form& form : forms) {
        if (form.group != group || (!form.name.empty() && form.name != name)) {
            if (form.group == group && name.empty())
                each(form.name);
            continue;
        }
        auto operands = form.name.empty() ? words : after_name;
        usize index = 0;
        while (!operands.next().empty())
            ++index;
        detail::operand_words(form, index, names, each);
    }
}

// What fits a word that was begun: how many, what they all go on with, and all of them, as a list.
class Completion {
public:
    explicit Completion(std::string_view begun) : begun_{begun} {}

    void offer(std::string_view word)
    {
        if (!word.starts_with(begun_) || word == last_ || list_.room() < word.size() + 2)
            return;
        const usize start = list_.size();
        list_.put(word);
        last_ = list_.view().substr(start);
        list_.put("  ");
        if (count_++ == 0)
            common_ = last_;
        usize same = 0;
        while (same < common_.size() && same < word.size() && common_[same] == word[same])
            ++same;
        common_ = common_.substr(0, same);
    }

    usize count() const { return count_; }
    std::string_view missing() const
    {
        return count_ == 0 ? std::string_view{} : common_.substr(begun_.size());
    }
    std::string_view list() const { return list_.view(); }

private:
    std::string_view begun_;
    std::string_view last_;  // so that a group of several commands counts once
    std::string_view common_;
    text::Buffer<480> list_;
    usize count_ = 0;
};

// The word at the end of a text.
constexpr std::string_view last_word(std::string_view text)
{
    const auto blank = text.find_last_of(' ');
    return blank == std::string_view::npos ? text : text.substr(blank + 1);
}

}  // namespace vsh
