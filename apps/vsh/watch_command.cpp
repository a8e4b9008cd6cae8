// vsh/watch_command.cpp - watch: shows how servers end and come back, as it happens.
#include "shell.hpp"

#include <optional>

#include <proto/names.hpp>
#include <proto/table.hpp>
#include <sys/session.hpp>

namespace vsh {

namespace {

namespace names = proto::names;

// The services that this shell may use, each watched by a bit of one notification.
class Watched {
public:
    explicit Watched(const sys::Startup& given) : given_{&given} {}

    Result<> open();
    // Sleeps until something changed; gives the bits of what did.
    Result<abi::Bits> next() const { return sys::wait(told_.borrow()); }
    // These, as init sees them.
    Result<> show(abi::Bits changed) const;

private:
    struct Service {
        u32 program;  // index in init's table
        std::optional<sys::Session> session;
    };

    const sys::Startup* given_;
    sys::Handle<sys::Notification> told_;
    std::array<Service, proto::table::max_uses> services_{};
    u32 count_ = 0;
};

Result<> Watched::open()
{
    const auto init = given_->grant<sys::Endpoint>("names");
    auto told = sys::create_notification();
    if (!init || !told)
        return fail(init ? told.error() : init.error());
    told_ = std::move(*told);
    for (u32 index = 0; count_ < services_.size(); ++index) {
        const auto program = sys::call<names::Process>(*init, {index, 0});
        if (!program)
            return program.error() == Errc::out_of_range ? Result<>{} : fail(program.error());
        auto session = sys::connect<names::Connect>(*given_, text::of(program->reply.name));
        if (!session)
            continue;  // an app, or none of ours
        if (const auto watched =
                sys::watch(session->endpoint(), told_.borrow(), abi::Bits::at(count_));
            !watched)
            return watched;
        services_[count_].program = index;
        services_[count_++].session.emplace(std::move(*session));
    }
    return {};
}

void show_state(const names::Process::Reply& program)
{
    Line line;
    line.left(text::of(program.name), 16).left(names::state_name(program.state), 11);
    print(line.put("epoch ").number(program.epoch));
}

Result<> Watched::show(abi::Bits changed) const
{
    const auto init = given_->grant<sys::Endpoint>("names");
    if (!init)
        return fail(init.error());
    for (u32 i = 0; i < count_; ++i) {
        if (!changed.any(abi::Bits::at(i)))
            continue;
        const auto program = sys::call<names::Process>(*init, {services_[i].program, 0});
        if (!program)
            return fail(program.error());
        show_state(program->reply);
    }
    return {};
}

}  // namespace

Status Shell::watch(const Command& command)
{
    if (parse(command.text) && parse(command.text)->verb == Verb::watch)
        return complain("watch", Errc::bad_argument);
    Watched watched{*given_};
    if (const auto opened = watched.open(); !opened)
        return complain("watch", opened.error());
    const bool servers = command.text == "servers";
    Result<abi::Bits> changed = abi::Bits{~u64{0}};
    while (changed) {
        if (!servers && execute(command.text) == Status::misused)
            return Status::misused;
        if (servers)
            if (const auto shown = watched.show(*changed); !shown)
                return complain("watch", shown.error());
        changed = watched.next();
    }
    return complain("watch", changed.error());
}

}  // namespace vsh
