// guest.cpp - runs QEMU to its end and reads what the guest says meanwhile.
#include "guest.hpp"

#include "backend.hpp"
#include "crash.hpp"
#include "guest_log.hpp"
#include "keyboard.hpp"
#include "process.hpp"
#include "qemu_log.hpp"
#include "serial_stream.hpp"
#include "symbolise.hpp"
#include "text.hpp"

#include <chrono>
#include <fstream>
#include <thread>

#include <fmt/format.h>

namespace vireo {
namespace {

using namespace std::chrono_literals;

constexpr auto qmp_patience = 2s;
constexpr auto quit_grace = 2s;
constexpr auto memory_patience = 20s;
constexpr auto shutdown_patience = 5s;
constexpr auto look_interval = 5ms;

class Watch {
public:
    Watch(const Project& project,
          const Launch& launch,
          const Options& options,
          const GuestListener& listener)
        : launch_{launch},
          options_{options},
          listener_{listener},
          symbols_{project},
          crashes_{symbols_},
          serial_{launch.directory.path() / "serial.log"}
    {
    }

    GuestEnd run();

private:
    void read(std::string_view bytes);
    void line(const std::string& text);
    Deadline deadline() const;
    void explain_hang();
    void look_at_memory() const;
    bool ended() const { return end_.verdict.has_value() || end_.panic; }
    void finish();
    void read_log();

    const Launch& launch_;
    const Options& options_;
    const GuestListener& listener_;
    Symboliser symbols_;
    CrashReporter crashes_;
    std::ofstream serial_;
    std::optional<Keyboard> keyboard_;
    SerialStream stream_;
    LineSplitter lines_;
    OutputJoiner outputs_;
    Deadline last_progress_ = Clock::now();
    std::string stderr_;
    GuestEnd end_;
};

void Watch::read(std::string_view bytes)
{
    last_progress_ = Clock::now();
    const auto log = [this](std::string_view part) {
        lines_.feed(part, [this](const std::string& text) { line(text); });
    };
    const auto console = [this](std::string_view part) {
        if (keyboard_)
            keyboard_->guest_listens();
        listener_.console(part);
    };
    stream_.feed(bytes, log, console);
}

void Watch::line(const std::string& text)
{
    serial_ << text << '\n';
    listener_.line(text);
    const auto record = parse_record(text);
    if (!record)
        return;
    if (record->user_output) {
        if (const auto whole = outputs_.add(*record))
            listener_.output(record->program(), *whole);
        return;
    }
    if (!end_.verdict)
        end_.verdict = verdict_of(*record);
    end_.panic = end_.panic || panic_of(*record);
    end_.crash = end_.crash || (record->from_init() && field(record->text, "msg") == "exit record");
    if (const auto report = listener_.crashes ? crashes_.report(*record) : std::nullopt)
        listener_.notice(*report);
}

Deadline Watch::deadline() const
{
    if (listener_.stopped && ended())
        return last_progress_;
    if (options_.timeout == 0 || (keyboard_ && keyboard_->terminal()))
        return no_deadline;
    const auto patience = std::chrono::duration<double>{options_.timeout};
    return last_progress_ + std::chrono::duration_cast<Clock::duration>(patience);
}

void Watch::explain_hang()
{
    auto qmp = Qmp::connect(launch_.qmp_socket, qmp_patience);
    const auto registers = qmp ? qmp->monitor("info registers -a") : std::nullopt;
    for (const auto& cpu : parse_registers(registers.value_or("")))
        end_.stood_at = cpu.pc;
    if (!listener_.crashes)
        return;
    fmt::print(stderr, "vireo: no output of the guest for {} s\n", options_.timeout);
    if (keyboard_ && keyboard_->silent())
        fmt::print(stderr,
                   "  its shell waits for commands: the standard input is open, and nothing comes "
                   "(to run without: tools/vireo run </dev/null)\n");
    if (!registers)
        fmt::print(stderr, "  QEMU does not say where its CPUs are\n");
    for (const auto& [cpu, pc, link] : parse_registers(registers.value_or("")))
        fmt::print(stderr, "  cpu {} at {:#x}  {}\n        called from {:#x}  {}\n", cpu, pc,
                   symbols_.where(pc, launch_.images), link, symbols_.where(link, launch_.images));
    fmt::print(stderr, "  QEMU's stderr: {}\n", stderr_.empty() ? "(empty)" : "\n" + stderr_);
}

// The guest stops at its own word, a moment after its last line; one that hangs is stopped.
void Watch::look_at_memory() const
{
    auto qmp = Qmp::connect(launch_.qmp_socket, memory_patience);
    if (!qmp)
        return;
    for (const auto end = Clock::now() + (ended() ? shutdown_patience : 0s); Clock::now() < end;) {
        if (qmp->execute("query-status").value_or("").contains("shutdown"))
            break;
        std::this_thread::sleep_for(look_interval);
    }
    (void)qmp->execute("stop");
    listener_.stopped(*qmp);
    if (ended())
        (void)qmp->execute("quit");
}

void Watch::finish()
{
    lines_.finish([this](const std::string& text) { line(text); });
    for (const auto& rest : outputs_.rest())
        listener_.output("", rest);
    listener_.ended();
    keyboard_.reset();
    serial_.close();
    write_file(launch_.directory.path() / "qemu.stderr", stderr_);
    end_.complaints = complaints_of(stderr_, options_.allow_lines);
    if (!launch_.qemu_log.empty() && fs::exists(launch_.qemu_log))
        read_log();
}

void Watch::read_log()
{
    const auto log = read_qemu_log(launch_.qemu_log, launch_.monitored);
    for (const auto& one : complaints_of(log.complaints, options_.allow_lines))
        end_.complaints.push_back(one);
    end_.violations = complaints_of(join(log.violations, "\n"), options_.allow_lines);
    if (launch_.monitored && !log.traced)
        end_.complaints.emplace_back("no access to a device was traced: nothing was monitored");
}

GuestEnd Watch::run()
{
    Backends backends{launch_.system, launch_.directory.sockets()};
    if (launch_.input != InputKind::none)
        keyboard_.emplace(launch_.input);
    Child qemu{{.argv = launch_.argv, .input = keyboard_ ? keyboard_->guest_end() : -1}};
    const Pump handlers{
        .out = [this](std::string_view bytes) { read(bytes); },
        .err = [this](std::string_view bytes) { stderr_ += bytes; },
        .deadline = [this] { return deadline(); },
        .others = [this] { return keyboard_ ? keyboard_->watched() : std::vector<Watched>{}; }};
    auto result = pump(qemu, handlers);
    if (listener_.stopped && result == Pumped::deadline) {
        look_at_memory();
        if (ended())
            result = pump(qemu, {.out = handlers.out, .err = handlers.err});
    }
    if (result == Pumped::finished) {
        end_.qemu_status = qemu.wait();
    } else {
        end_.ending = result == Pumped::deadline ? Ending::no_progress : Ending::interrupted;
        if (result == Pumped::deadline)
            explain_hang();
        qemu.stop(quit_grace);
    }
    stderr_ += backends.finish();
    finish();
    return end_;
}

}  // namespace

GuestEnd run_guest(const Project& project,
                   const Launch& launch,
                   const Options& options,
                   const GuestListener& listener)
{
    return Watch{project, launch, options, listener}.run();
}

}  // namespace vireo
