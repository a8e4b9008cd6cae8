// input_events.cpp - types, moves and clicks in a running guest.
#include "input_events.hpp"

#include <nlohmann/json.hpp>

namespace vireo {
namespace {

using Json = nlohmann::json;

Json json_of(const KeyPress& key)
{
    return {{"type", "key"},
            {"data", {{"down", key.down}, {"key", {{"type", "qcode"}, {"data", key.qcode}}}}}};
}
Json json_of(const Motion& motion)
{
    return {{"type", "rel"},
            {"data", {{"axis", std::string{motion.axis}}, {"value", motion.value}}}};
}
Json json_of(const Position& position)
{
    return {{"type", "abs"},
            {"data", {{"axis", std::string{position.axis}}, {"value", position.value}}}};
}
Json json_of(const Click& click)
{
    return {{"type", "btn"}, {"data", {{"down", click.down}, {"button", click.button}}}};
}

}  // namespace

bool send_input(Qmp& qmp, std::span<const InputEvent> packet)
{
    auto events = Json::array();
    for (const auto& event : packet)
        events.push_back(std::visit([](const auto& one) { return json_of(one); }, event));
    return qmp.execute("input-send-event", Json{{"events", events}}.dump()).has_value();
}

}  // namespace vireo
