// system_file_test.cpp - system files: what they mean, and that every mistake is named with its
// place.
#include "failure.hpp"
#include "fixtures.hpp"
#include "text.hpp"

#include <catch2/catch.hpp>

using namespace vireo;
using namespace vireo::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with)
{
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

std::string errors_after(const std::string& what, const std::string& with)
{
    return errors_in(replaced(system_text(), what, with));
}

}  // namespace

TEST_CASE("a system file is read as it says, with defaults for the rest")
{
    const auto system = parse_system(system_text(), "x.toml");
    CHECK(system.name == "demo");
    CHECK(system.machine.cpu == "cortex-a72");
    CHECK(system.machine.memory_bytes == u64{256} << 20);
    REQUIRE(system.devices.size() == 3);
    CHECK(system.devices[0].name.text == "disk0");
    CHECK(std::get<ScratchImage>(system.devices[0].image).bytes == u64{1} << 20);
    CHECK(system.devices[0].serial == "vireo-disk0");
    CHECK(system.devices[1].scratch);
    REQUIRE(system.programs.size() == 3);
    CHECK(system.programs[0].role == proto::table::Role::server);
    CHECK(system.programs[0].frames == 1024);
    CHECK(system.programs[0].handles == 256);
    CHECK(system.programs[0].stack_bytes == 32 * 1024);
    CHECK(system.programs[0].start == Start::boot);
    CHECK(system.programs[1].start == Start::after_servers);
    CHECK(system.programs[1].verdict);
    CHECK(system.programs[2].start == Start::shell);
}

TEST_CASE("programs keep the order of the file, servers first")
{
    const auto system =
        parse_system("[app.z]\nbinary='a'\n[server.y]\nbinary='a'\n[app.b]\nbinary='a'\n"
                     "[server.a]\nbinary='a'\n[system]\nname='s'\n",
                     "x.toml");
    std::vector<std::string> names;
    names.reserve(system.programs.size());
    for (const auto& program : system.programs)
        names.push_back(program.name.text);
    CHECK(names == std::vector<std::string>{"y", "a", "z", "b"});
}

TEST_CASE("an unknown key names file, line, column, the line itself and the likely spelling")
{
    CHECK(errors_after("binary = \"blkd\"", "bianry = \"blkd\"")
          == "x.toml:16:1: error: [server.disk0] needs 'binary'\n"
             "   16 | [server.disk0]\n"
             "      | ^\n"
             "x.toml:17:1: error: unknown key 'bianry' in [server.disk0]; did you mean 'binary'?\n"
             "   17 | bianry = \"blkd\"\n"
             "      | ^\n");
}

TEST_CASE("a caret stands below what it means, behind tabs too")
{
    CHECK_THAT(errors_after("binary = \"blkd\"", "\tbinary = 5"),
               Contains("x.toml:17:11: error: 'binary' of [server.disk0] must be a string\n"
                        "   17 | \tbinary = 5\n"
                        "      | \t         ^\n"));
}

TEST_CASE("broken TOML is an error with its place")
{
    CHECK_THAT(errors_in("[system]\nname = = 1\n"), StartsWith("x.toml:2:"));
    CHECK_THAT(errors_in("[system\n"), Contains("error:"));
    CHECK_THAT(errors_in("garbage ][\n"), StartsWith("x.toml:1:9: error: while parsing key-value"));
}

TEST_CASE("a file that is no text is not shown to the terminal")
{
    const auto errors = errors_in("\x1b[31m\x01\xff\xfe = 1\n");
    CHECK_THAT(errors, StartsWith("x.toml:1:"));
    CHECK_FALSE(errors.contains('\x1b'));
    CHECK(lines_of(errors).size() == 1);
    CHECK(lines_of(errors_in("a = " + std::string(5000, '[') + "\n")).size() == 1);
}

TEST_CASE("all mistakes of a file are reported at once, in its order")
{
    auto text = replaced(system_text(), "type = \"virtio-rng\"", "type = \"virtio-rgn\"\nfoo = 1");
    const auto errors =
        errors_in(replaced(text, "device = \"disk0\"", "device = \"disk0\"\nhandels = 3"));
    CHECK_THAT(errors, Contains("did you mean 'virtio-rng'?"));
    CHECK_THAT(errors, Contains("did you mean 'handles'?"));
    CHECK(errors.find("virtio-rgn") < errors.find("handels"));
    CHECK_THAT(errors, !Contains("needs 'image'"));
}

TEST_CASE("a key that may be left out is known as a likely spelling, too")
{
    CHECK_THAT(errors_after("type = \"virtio-rng\"", "type = \"virtio-rng\"\nsloot = 3"),
               Contains("unknown key 'sloot' in [device.rng0]; did you mean 'slot'?"));
}

TEST_CASE("values of a wrong type or out of range are refused")
{
    const auto server = [](const std::string& line) {
        return errors_after("device = \"disk0\"", "device = \"disk0\"\n" + line);
    };
    CHECK_THAT(server("priority = 64"), Contains("must be from 0 to 63"));
    CHECK_THAT(server("priority = -1"), Contains("must be a number that is not negative"));
    CHECK_THAT(server("priority = \"high\""), Contains("must be a number"));
    CHECK_THAT(server("handles = 8192"), Contains("must be from 8 to 8191"));
    CHECK_THAT(server("frames = 0"), Contains("'frames'"));
    CHECK_THAT(server("threads = 0"), Contains("'threads'"));
    CHECK_THAT(server("stack = \"32X\""), Contains("must be a size"));
    CHECK_THAT(server("stack = 5000"), Contains("multiple of 4096"));
    CHECK_THAT(server("stack = \"16M\""), Contains("does not fit the 1024 frames"));
    CHECK_THAT(server("self = 1"), Contains("must be true or false"));
    CHECK_THAT(server("uses = \"rng0\""), Contains("must be a list"));
    CHECK_THAT(server("uses = [1]"), Contains("must be a list of strings"));
    CHECK_THAT(server("uses = [\"rng0:rw\"]"),
               Contains("'rng0:rw': the rights of a use are ro, admin or"));
    CHECK_THAT(server("uses = [\"rng0:\"]"), Contains("the rights of a use are ro, admin or raw"));
    CHECK_THAT(server("start = \"boot\""), Contains("unknown key 'start'"));
}

TEST_CASE("a system says when a server hangs, or leaves it")
{
    const auto usual = parse_system(system_text(), "x.toml").hang;
    CHECK(std::memcmp(&usual, &proto::table::usual_hang, sizeof(usual)) == 0);
    const auto with = [](const std::string& hang) {
        return "[system]\nname='s'\nhang={" + hang + "}\n[app.a]\nbinary='a'\n";
    };
    const auto own =
        parse_system(with("looks=1, interval_ms=2, late_ms=3, ready_ms=4"), "x.toml").hang;
    CHECK(own.looks == 1);
    CHECK(own.interval_ms == 2);
    CHECK(own.late_ms == 3);
    CHECK(own.ready_ms == 4);
    CHECK_THAT(errors_in(with("looks=0")), Contains("'looks' of [system] hang must be from 1"));
    CHECK_THAT(errors_in(with("interval_ms=0")), Contains("must be from 1"));
    CHECK_THAT(errors_in(with("redy_ms=1")), Contains("did you mean 'ready_ms'"));
}

TEST_CASE("a server says when it is started again, or leaves it")
{
    const auto usual = parse_system(system_text(), "x.toml").programs[0].restart;
    CHECK(usual.immediate == proto::table::usual_restart.immediate);
    CHECK(usual.give_up_after == proto::table::usual_restart.give_up_after);
    const auto with = [](const std::string& restart) {
        return "[system]\nname='s'\n[server.a]\nbinary='a'\n[server.a.restart]\n" + restart;
    };
    const auto own = parse_system(with("immediate=1\ngive_up_after=2\nback_off_min_ms=3\n"
                                       "back_off_max_ms=4\nwindow_ms=5\ndrain_ms=6\n"),
                                  "x.toml")
                         .programs[0]
                         .restart;
    CHECK(own.immediate == 1);
    CHECK(own.give_up_after == 2);
    CHECK(own.back_off_min_ms == 3);
    CHECK(own.back_off_max_ms == 4);
    CHECK(own.window_ms == 5);
    CHECK(own.drain_ms == 6);
    CHECK(own.hang == 1);
    const auto hang = [](const std::string& rest) {
        const auto text = "[system]\nname='s'\n[server.b]\nbinary='a'\n[server.a]\nbinary='a'\n";
        return parse_system(text + rest, "x.toml").programs[1].restart.hang;
    };
    CHECK(hang("uses=['b']\n") == 0);  // it may wait for one that hangs
    CHECK(hang("uses=['b']\nrestart={hang=true}\n") == 1);
    CHECK(hang("restart={hang=false}\n") == 0);
    CHECK_THAT(errors_in(with("give_up_after=17\n")),
               Contains("'give_up_after' of restart of [server.a] must be from 0 to 16"));
    CHECK_THAT(errors_in(with("back_off_min_ms=6000\n")),
               Contains("'back_off_min_ms' is above 'back_off_max_ms'"));
    CHECK_THAT(errors_in(with("drain_m=1\n")), Contains("did you mean 'drain_ms'"));
    CHECK_THAT(errors_in("[system]\nname='s'\n[app.a]\nbinary='a'\nrestart={}\n"),
               Contains("unknown key 'restart' in [app.a]"));
}

TEST_CASE("the machine is checked")
{
    const auto machine = [](const std::string& text) {
        return errors_after("name = \"demo\"", "name = \"demo\"\nmachine = { " + text + " }");
    };
    CHECK(machine("cpus = 2, memory = \"64M\", cpu = \"max\", legacy = true").empty());
    CHECK_THAT(machine("cpus = 9"), Contains("must be from 1 to 8"));
    CHECK_THAT(machine("memory = \"32M\""), Contains("must be from 64M to 4G"));
    CHECK_THAT(machine("memory = 67108865"), Contains("multiple of 1M"));
    CHECK(machine("gic = 2").empty());
    CHECK_THAT(machine("gic = 4"), Contains("must be from 2 to 3"));
    CHECK_THAT(machine("memory = \"66048K\""), Contains("multiple of 1M"));
    CHECK_THAT(machine("cpu = \"cortex-a15\""),
               Contains("x.toml:3:19: error: there is no 64-bit CPU 'cortex-a15'"));
    CHECK_THAT(machine("cpu_model = \"max\""),
               Contains("unknown key 'cpu_model' in [system] machine"));
}

TEST_CASE("the first process is init, unless a system names another program")
{
    CHECK(parse_system(system_text(), "x.toml").init.text == "init");
    const auto text =
        replaced(system_text(), "name = \"demo\"", "name = \"demo\"\ninit = \"other\"");
    CHECK(parse_system(text, "x.toml").init.text == "other");
}

TEST_CASE("images are one of three kinds, and whole sectors")
{
    const auto image = [](const std::string& text) {
        return errors_after("{ size = \"1M\" }", text);
    };
    CHECK(image("{ null = \"256M\", latency_ns = 1000 }").empty());
    CHECK(image("{ file = \"a.img\" }").empty());
    CHECK(image("{ size = 512, inject_error = [{ sector = 3, on = \"write\", errno = 28, once = "
                "true }] }")
              .empty());
    CHECK_THAT(image("{ }"), Contains("an image is one of"));
    CHECK_THAT(image("{ size = \"1M\", null = \"1M\" }"), Contains("an image is one of"));
    for (const std::string bytes : {"768", "1000", "1280"}) {
        CHECK_THAT(image("{ size = " + bytes + " }"), Contains("multiple of 512"));
        CHECK_THAT(image("{ null = " + bytes + " }"), Contains("multiple of 512"));
    }
    CHECK(image("{ file = \"a.img\", format = \"qcow2\" }").empty());
    CHECK_THAT(image("{ file = \"a.img\", format = \"vmdk\" }"),
               Contains("must be one of: raw, qcow2"));
    CHECK_THAT(image("{ size = 512, format = \"raw\" }"),
               Contains("'format' belongs to an image that is a file"));
    CHECK_THAT(image("{ size = \"1M\", latency_ns = 1 }"), Contains("belongs to a null image"));
    CHECK_THAT(image("{ size = \"1M\", inject_error = [{ on = \"raed\" }] }"),
               Contains("did you mean 'read'?"));
    CHECK_THAT(image("\"64M\""), Contains("must be a table"));
    CHECK_THAT(errors_after("image = { size = \"1M\" }", ""),
               Contains("[device.disk0] needs 'image'"));
    CHECK_THAT(
        errors_after("type = \"virtio-rng\"", "type = \"virtio-rng\"\nimage = { size = \"1M\" }"),
        Contains("unknown key 'image'"));
}

TEST_CASE("a serial number has at most twenty characters, as virtio has")
{
    const auto serial = [](const std::string& text) {
        return errors_after("image = { size = \"1M\" }",
                            "image = { size = \"1M\" }\nserial = \"" + text + "\"");
    };
    CHECK(serial("12345678901234567890").empty());
    CHECK_THAT(serial("123456789012345678901"), Contains("1 to 20 characters"));
    CHECK_THAT(serial(""), Contains("1 to 20 characters"));
}

TEST_CASE("a file without a [system] table, or with an unknown one, is refused")
{
    CHECK_THAT(errors_in("[app.a]\nbinary = \"a\"\n"), Contains("needs a [system] table"));
    CHECK_THAT(errors_in(system_text("[sever.x]\nbinary = \"a\"\n")),
               Contains("did you mean 'server'?"));
    CHECK_THAT(errors_in(system_text("[server]\nx = 1\n")), Contains("error"));
}

TEST_CASE("a system that is not there is named with the likely one")
{
    FakeProject project;
    try {
        (void)load_system(project.root() / "systems", "dmeo");
        FAIL("it was found");
    } catch (const Failure& failure) {
        CHECK(failure.exit() == Exit::usage);
        CHECK_THAT(failure.what(), Contains("did you mean 'demo'?"));
        CHECK(failure.why() == "systems/ has demo");
        CHECK_THAT(failure.fix(), Contains(".toml"));
    }
    CHECK_THROWS_AS(load_system(project.root() / "systems", "/nowhere/x.toml"), Failure);
}

TEST_CASE("the format of an image file is the system file's word, or nobody's")
{
    const auto format = [](const std::string& image) {
        const auto system =
            parse_system(replaced(system_text(), "{ size = \"1M\" }", image), "x.toml");
        return std::get<FileImage>(system.devices[0].image).format;
    };
    CHECK_FALSE(format("{ file = \"a.img\" }"));
    CHECK(format("{ file = \"a.img\", format = \"qcow2\" }") == ImageFormat::qcow2);
    CHECK(format("{ file = \"a.qcow2\", format = \"raw\" }") == ImageFormat::raw);
}

TEST_CASE("image files are looked for beside the system file")
{
    FakeProject project;
    project.system("own",
                   "[system]\nname='own'\n[device.d]\ntype='virtio-blk'\nimage={file='d.img'}\n"
                   "[app.a]\nbinary='demo'\n");
    const auto file =
        load_system(project.root() / "systems", (project.root() / "systems/own.toml").string());
    CHECK(std::get<FileImage>(file.system.devices[0].image).path
          == (project.root() / "systems/d.img").string());
}
