// vhost/lie.hpp - what the back end is told to do wrong: the model's lies by name, and those that
// only a program beside QEMU can tell.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <model/lies.hpp>

namespace vhost {

// Lies beyond the model's.
struct Tricks {
    model::Occasion no_interrupt;  // LD22: a completion without its interrupt
    model::Occasion storm;         // LD21: an interrupt is raised so many times
    model::Occasion capacity;      // LD19: the disk has so many sectors from now on
    model::Occasion late;          // LD24: a request is kept, and returned after the next reset
    model::Occasion slow;          // works only after so many milliseconds
    model::Occasion dies;          // LD31: the back end ends in the middle of requests
};

// NAME[=VALUE][,after=N][,times=N][,queue=N]: told once unless it says more, after N occasions to
// tell it, of all queues or of one. False: it is something else.
bool arm(std::string_view text, model::Lies& lies, Tricks& tricks);

// A whole number in decimal digits, and nothing else.
std::optional<u64> number(std::string_view text);
// The part before the separator, which is taken off the text with it.
std::string_view take(std::string_view& text, char separator);

// Arms `count` lies about completions, drawn from the seed, one after the other.
void draw(u64 seed, u32 count, model::Lies& lies);

}  // namespace vhost
