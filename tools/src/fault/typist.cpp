// fault/typist.cpp - keys, over QMP.
#include "fault/typist.hpp"

#include "input_events.hpp"

#include <sstream>

#include <lab/keys.hpp>

namespace vireo::fault {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

}  // namespace

void Typist::heard(const std::string& line)
{
    std::istringstream words{line};
    std::string who;
    std::string what;
    u64 first = 0;
    u64 count = 0;
    if (!(words >> who >> what >> first >> count) || who != "host:" || what != "type")
        return;
    if (!qmp_)
        qmp_ = Qmp::connect(socket_, patience);
    for (u64 n = first; qmp_ && n < first + count; ++n) {
        const InputEvent key = KeyPress{std::string{lab::typed_name(n)}, lab::typed_press(n)};
        (void)send_input(*qmp_, std::span{&key, 1});
    }
}

}  // namespace vireo::fault
