// vsh/prompt.cpp - the shell at a console. It sleeps in one place, for input, for Ctrl-C, for the
// end of jobs, and for a new console server.
//
// What commands print are lines of the log, and the other end of the console draws them above the
// prompt; only the prompt and what is typed go through the console.
#include "prompt.hpp"

#include "completion.hpp"
#include "jobs.hpp"
#include "line_editor.hpp"

#include <console/terminal.hpp>
#include <proto/names.hpp>
#include <proto/table.hpp>

namespace vsh {

namespace {

namespace names = proto::names;

constexpr console::Bits console_bits{
    .input = abi::Bits::at(0), .interrupt = abi::Bits::at(1), .server = abi::Bits::at(2)};
constexpr unsigned first_job_bit = 8;

[[clang::no_destroy]] constinit History history;

// The index-th entry of one of init's tables.
template <Method M>
Result<typename M::Reply> entry(const sys::Startup& given, u32 index)
{
    const auto init = given.grant<sys::Endpoint>("names");
    if (!init)
        return fail(init.error());
    const auto answer = sys::call<M>(*init, {index, 0});
    if (!answer)
        return fail(answer.error());
    return answer->reply;
}

bool fits(Operand operand, u32 virtio_id)
{
    switch (operand) {
    case Operand::disk:
        return virtio_id == 2;
    case Operand::nic:
        return virtio_id == 1;
    case Operand::device:
        return virtio_id == 18;
    default:
        return false;
    }
}

class Prompt {
public:
    explicit Prompt(const sys::Startup& given, sys::Handle<sys::Notification> told)
        : given_{&given},
          told_{std::move(told)},
          jobs_{given, told_.borrow(), first_job_bit},
          editor_{history}
    {
    }

    Result<> open();
    Result<Status> run();

private:
    static constexpr u32 no_job = ~u32{0};

    Result<> wait();
    Result<> woken(abi::Bits bits);
    Result<> interrupt();
    Result<> renew();
    Result<> read();
    Result<> take_input();
    Result<> take(char c);
    Result<> begin();
    Result<> draw();
    Result<> complete();
    void refuse();
    void execute(std::string_view line);
    void start(std::string_view line, bool background);
    void reap();
    void tell_end(const Jobs::Ended& ended);
    void list_jobs();
    void power_off();

    // The prompt is on the screen.
    bool asks() const { return foreground_ == no_job && !waits_ && !over_; }

    const sys::Startup* given_;
    sys::Handle<sys::Notification> told_;
    Jobs jobs_;
    LineEditor editor_;
    console::Terminal terminal_;
    text::Buffer<24> prompt_;
    std::array<char, proto::console::max_bytes> input_{};
    usize first_ = 0;  // of what was read and not typed yet
    usize last_ = 0;
    u32 foreground_ = no_job;
    bool waits_ = false;  // for all jobs
    bool over_ = false;
    Status last_ended_ = Status::done;
    Status status_ = Status::done;  // of the last one that failed
};

Result<> Prompt::open()
{
    for (u32 index = 0;; ++index) {
        const auto device = entry<names::Device>(*given_, index);
        if (!device)
            return fail(device.error() == Errc::out_of_range ? Errc::no_device : device.error());
        if (device->virtio_id == proto::table::pl011_id)
            return terminal_.open(*given_, text::of(device->name), told_.borrow(), console_bits);
    }
}

Result<Status> Prompt::run()
{
    if (const auto begun = begin(); !begun)
        return fail(begun.error());
    while (!over_)
        if (const auto done = wait(); !done)
            return fail(done.error());
    return status_;
}

Result<> Prompt::wait()
{
    const auto bits = sys::wait(told_.borrow());
    if (!bits)
        return fail(bits.error());
    return woken(*bits);
}

Result<> Prompt::woken(abi::Bits bits)
{
    Result<> done;
    if (bits.any(console_bits.server))
        done = renew();
    if (done && bits.any(console_bits.interrupt))
        done = interrupt();
    const bool asked = asks();
    reap();
    if (done && !asked && asks())
        done = begin();
    if (done && asks())
        done = take_input();
    return done;
}

// Ctrl-C: the command in the foreground ends, or the line is given up.
Result<> Prompt::interrupt()
{
    first_ = last_ = 0;
    if (foreground_ != no_job)
        jobs_.kill(foreground_);
    if (const auto shown = terminal_.write("^C\r\n"); !shown)
        return shown;
    waits_ = false;
    return asks() ? begin() : Result<>{};
}

Result<> Prompt::renew()
{
    const auto another = terminal_.renew();
    if (!another)
        return fail(another.error());
    return *another && asks() ? draw() : Result<>{};
}

// While a command runs, what is typed stays with the server.
Result<> Prompt::take_input()
{
    while (asks()) {
        if (first_ == last_) {
            const auto got = terminal_.read(input_);
            if (!got)
                return got.error() == Errc::would_block ? Result<>{} : fail(got.error());
            first_ = 0;
            last_ = *got;
        }
        if (const auto done = take(input_[first_++]); !done)
            return done;
    }
    return {};
}

Result<> Prompt::take(char c)
{
    text::Buffer<LineEditor::drawing_bytes> drawing;
    const auto event = editor_.feed(c, drawing);
    if (const auto drawn = terminal_.write(drawing.view()); !drawn)
        return drawn;
    switch (event) {
    case LineEditor::Event::none:
        return {};
    case LineEditor::Event::complete:
        return complete();
    case LineEditor::Event::end:
        power_off();
        return terminal_.write("\r\n");
    case LineEditor::Event::line:
        execute(editor_.text());
        return asks() ? begin() : Result<>{};
    case LineEditor::Event::too_long:
        refuse();
        return begin();
    }
    return {};
}

Result<> Prompt::begin()
{
    prompt_.rewind(0);
    prompt_.put("vireo");
    if (last_ended_ != Status::done)
        prompt_.put('[').number(static_cast<u64>(last_ended_)).put(']');
    prompt_.put("> ");
    editor_.begin(prompt_.view());
    return draw();
}

Result<> Prompt::draw()
{
    text::Buffer<LineEditor::drawing_bytes> drawing;
    editor_.draw(drawing);
    return terminal_.write(drawing.view());
}

Result<> Prompt::complete()
{
    const auto left = editor_.before_cursor();
    const auto begun = last_word(left);
    Completion completion{begun};
    const auto named = [&](Operand operand, auto each) {
        for (u32 index = 0;; ++index) {
            const auto device = entry<names::Device>(*given_, index);
            if (!device)
                break;
            if (fits(operand, device->virtio_id))
                each(text::of(device->name));
        }
        for (u32 index = 0; operand == Operand::program; ++index) {
            const auto program = entry<names::Process>(*given_, index);
            if (!program)
                break;
            each(text::of(program->name));
        }
    };
    possible_words(left.substr(0, left.size() - begun.size()), named,
                   [&](std::string_view word) { completion.offer(word); });
    editor_.insert(completion.missing());
    if (completion.count() == 1)
        editor_.insert(" ");
    else if (completion.missing().empty() && completion.count() > 1)
        sys::out(completion.list());
    return draw();
}

// Half a command may be another one.
void Prompt::refuse()
{
    Line line;
    print(line.put("vsh: a line has at most ").number(History::line_bytes).put(" bytes"));
    last_ended_ = status_ = Status::misused;
}

void Prompt::execute(std::string_view line)
{
    line = Words{line}.remainder();
    const bool background = line.ends_with('&');
    if (background)
        line = Words{line.substr(0, line.size() - 1)}.remainder();
    const auto command = parse(line);
    const auto verb = command ? command->verb : Verb::help;
    switch (verb) {
    case Verb::nothing:
        return;
    case Verb::jobs:
        return list_jobs();
    case Verb::wait:
        waits_ = jobs_.in_background() != 0;
        return;
    case Verb::poweroff:
        status_ = Status::done;
        return power_off();
    default:
        return start(line, background);
    }
}

void Prompt::start(std::string_view line, bool background)
{
    const auto place = jobs_.start(line, background);
    if (!place) {
        last_ended_ = status_ = complain("no job", place.error());
        return;
    }
    if (!background) {
        foreground_ = *place;
        return;
    }
    Line started;
    print(started.put('[').number(jobs_[*place].number).put("] started"));
    last_ended_ = Status::done;
}

void Prompt::reap()
{
    while (const auto ended = jobs_.ended()) {
        const auto status = ended->cause == abi::ExitCause::exited
                                ? static_cast<Status>(ended->code)
                                : Status::failed;
        if (status != Status::done)
            status_ = status;
        if (ended->place == foreground_) {
            foreground_ = no_job;
            last_ended_ = status;
        }
        tell_end(*ended);
        jobs_.take(ended->place);
    }
    waits_ = waits_ && jobs_.in_background() != 0;
}

void Prompt::tell_end(const Jobs::Ended& ended)
{
    const Jobs::Job& job = jobs_[ended.place];
    const bool crashed = ended.cause == abi::ExitCause::fault;
    if (job.number == 0 && !crashed)
        return;
    Line line;
    if (job.number != 0)
        line.put('[').number(job.number).put("] ");
    if (crashed)
        line.put("crashed");
    else if (ended.cause != abi::ExitCause::exited)
        line.put("killed");
    else if (ended.code == 0)
        line.put("done");
    else
        line.put("failed, status ").number(ended.code);
    print(line.put(": ").put(job.text().substr(0, 200)));
}

void Prompt::list_jobs()
{
    for (u32 place = 0; place < Jobs::most; ++place) {
        const Jobs::Job& job = jobs_[place];
        if (!jobs_.runs(place) || job.number == 0)
            continue;
        Line line;
        print(line.put('[').number(job.number).put("] ").put(job.text().substr(0, 200)));
    }
    last_ended_ = Status::done;
}

// They are paid for by the shell, and end with it.
void Prompt::power_off()
{
    over_ = true;
    if (const u32 running = jobs_.in_background(); running != 0) {
        Line line;
        print(line.put("vsh: poweroff ends ")
                  .number(running)
                  .put(running == 1 ? " job that runs" : " jobs that run"));
        list_jobs();
    }
}

}  // namespace

Status ask_at_console(const sys::Startup& given)
{
    auto told = sys::create_notification();
    if (!told)
        return complain("prompt", told.error());
    Prompt prompt{given, std::move(*told)};
    if (const auto opened = prompt.open(); !opened)
        return complain("console", opened.error());
    const auto ended = prompt.run();
    return ended ? *ended : complain("console", ended.error());
}

}  // namespace vsh
