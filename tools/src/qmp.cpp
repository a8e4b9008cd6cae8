// qmp.cpp - asks a running QEMU.
#include "qmp.hpp"

#include "unix_socket.hpp"

#include <array>
#include <regex>

#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <poll.h>
#include <unistd.h>

namespace vireo {
namespace {

using Json = nlohmann::json;

u64 hex(const std::string& text) { return std::stoull(text, nullptr, 16); }

}  // namespace

std::optional<Qmp> Qmp::connect(const fs::path& socket, std::chrono::milliseconds patience)
{
    Qmp qmp{connect_unix(socket), patience};
    if (!qmp.socket_.open() || !qmp.receive(Clock::now() + patience))
        return std::nullopt;
    if (!qmp.ask(R"({"execute":"qmp_capabilities"})"))
        return std::nullopt;
    return qmp;
}

bool Qmp::send(const std::string& line)
{
    const auto text = line + "\n";
    return ::send(socket_.raw(), text.data(), text.size(), MSG_NOSIGNAL)
           == static_cast<ssize_t>(text.size());
}

std::optional<std::string> Qmp::receive(Deadline deadline)
{
    for (;;) {
        if (const auto end = unread_.find('\n'); end != std::string::npos) {
            auto line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd ready{socket_.raw(), POLLIN, 0};
        if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0)
            return std::nullopt;
        std::array<char, 4096> part{};
        const auto got = ::read(socket_.raw(), part.data(), part.size());
        if (got <= 0)
            return std::nullopt;
        unread_.append(part.data(), static_cast<usize>(got));
    }
}

std::optional<std::string> Qmp::ask(const std::string& line)
{
    const auto deadline = Clock::now() + patience_;
    if (!send(line))
        return std::nullopt;
    while (const auto answer = receive(deadline)) {
        const auto json = Json::parse(*answer, nullptr, false);
        if (!json.is_object() || json.contains("error"))
            return std::nullopt;
        if (json.contains("return"))
            return json["return"].dump();
    }
    return std::nullopt;
}

std::optional<std::string> Qmp::execute(const std::string& command, const std::string& arguments)
{
    return ask(Json{{"execute", command}, {"arguments", Json::parse(arguments)}}.dump());
}

std::optional<std::string> Qmp::monitor(const std::string& command)
{
    const auto answer = execute("human-monitor-command", Json{{"command-line", command}}.dump());
    if (!answer)
        return std::nullopt;
    const auto json = Json::parse(*answer, nullptr, false);
    return json.is_string() ? std::optional{json.get<std::string>()} : std::nullopt;
}

std::vector<CpuState> parse_registers(const std::string& text)
{
    static const std::regex item{R"(CPU#(\d+)|\b(PC|X30)=([0-9a-fA-F]{1,16}))"};
    std::vector<CpuState> cpus;
    for (std::sregex_iterator at{text.begin(), text.end(), item}, end; at != end; ++at) {
        const auto& found = *at;
        if (found[1].matched)
            cpus.push_back({.cpu = static_cast<u32>(std::stoul(found[1].str()))});
        else if (!cpus.empty() && found[2].str() == "PC")
            cpus.back().pc = hex(found[3].str());
        else if (!cpus.empty())
            cpus.back().link = hex(found[3].str());
    }
    return cpus;
}

}  // namespace vireo
