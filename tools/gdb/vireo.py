# tools/gdb/vireo.py - commands of gdb that know the kernel's objects: `tools/vireo debug` loads them.
#
# Everything is found by the debug information of the kernel and of the programs, nothing by an offset. A member
# that is not there (any more) is shown as "?". Whatever is read may be damaged: chains have an end.

import re

import gdb

LONGEST_CHAIN = 10000
PAGE = 4096

programs = {}  # name of a process in the system -> name of its program, of which there is a symbols-NAME


def unsigned(value):
    return int(value.cast(gdb.lookup_type("unsigned long")))


def member(value, name):
    """A member of a struct, behind any number of pointers; None if there is no such member."""
    try:
        while value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            if unsigned(value) == 0:
                return None
            value = value.dereference()
        return value[name]
    except gdb.error:
        return None


def path(value, *names):
    for name in names:
        value = None if value is None else member(value, name)
    return value


def number(value):
    """What is in an integer, an enumerator, or a struct around one; None if nothing is."""
    while value is not None and value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        fields = [field for field in value.type.strip_typedefs().fields() if not field.is_base_class]
        value = value[fields[0]] if fields else None
    return None if value is None else int(value)


def shown(value, form="{}"):
    n = None if value is None else number(value)
    return "?" if n is None else form.format(n)


def word(value):
    """The last word of an enumerator's name."""
    return "?" if value is None else str(value).split("::")[-1]


def target(reference):
    """What a Ref<T> holds, or None."""
    found = path(reference, "object_")
    return None if found is None or unsigned(found) == 0 else found


def elements(array):
    """Of a std::array."""
    inner = array[array.type.strip_typedefs().fields()[0]]
    first, last = inner.type.range()
    return [inner[i] for i in range(first, last + 1)]


def listed(chain):
    """The elements of a List<T, Tag>, as pointers."""
    found = []
    try:
        kind = chain.type.strip_typedefs().template_argument(0).pointer()
        end = chain["ends_"].address
        node = chain["ends_"]["next_"]
        while node != end and unsigned(node) != 0 and len(found) < LONGEST_CHAIN:
            found.append(node.cast(kind))
            node = node["next_"]
    except (gdb.error, RuntimeError):
        pass
    return found


def characters(array):
    codes = [int(one) & 0xFF for one in elements(array)]
    codes = codes[: codes.index(0)] if 0 in codes else codes
    return "".join(chr(code) if 32 <= code < 127 else "?" for code in codes)


def name_of(process):
    name = path(process, "name_")
    return "?" if name is None else characters(name)


def thread_name(thread):
    if thread is None or unsigned(thread) == 0:
        return "-"
    return "{}.{}".format(name_of(path(thread, "process_")), shown(path(thread, "index_")))


def kernel(name):
    """A global of the kernel; an error that says why there is none yet."""
    try:
        return gdb.parse_and_eval("kernel::" + name)
    except gdb.error as error:
        raise gdb.GdbError("kernel::{}: {}".format(name, error))


def cpus():
    return [cpu for cpu in elements(kernel("cpus")) if bool(path(cpu, "online_"))]


def some_process():
    """Any process: of a thread that runs or is ready, or that owns an interrupt."""
    for cpu in cpus():
        for thread in [path(cpu, "current_"), path(cpu, "handed_off_"), path(cpu, "fp_owner_")]:
            if thread is not None and unsigned(thread) != 0:
                return path(thread, "process_")
        for queue in elements(cpu["queues_"]):
            for thread in listed(queue):
                return path(thread, "process_")
    for interrupt in elements(kernel("interrupts")):
        owner = path(interrupt, "owner_")
        if owner is not None and unsigned(owner) != 0:
            return owner
    return None


def processes():
    """All that live: the first one, and whom it made, and so on."""
    try:
        process = some_process()
    except gdb.MemoryError:
        process = None
    if process is None:
        raise gdb.GdbError("there is no process yet: `tbreak kernel::sys_system_info`, then `continue`, is one way")
    while target(path(process, "payer_")) is not None:
        process = target(path(process, "payer_"))
    found = [process]
    for parent in found:
        found += listed(path(parent, "children_"))
    return found


def process_named(name):
    for process in processes():
        if name_of(process) == name:
            return process
    raise gdb.GdbError("there is no process '{}': ps lists them".format(name))


def threads():
    return [thread for process in processes() for thread in listed(path(process, "threads_"))]


def address(pointer):
    return "{:#x}".format(unsigned(pointer))


def waits_for(thread):
    state = word(path(thread, "state"))
    if state == "waiting":
        interrupt = path(thread, "waiting_irq")
        line = "" if interrupt is None or unsigned(interrupt) == 0 else ", interrupt " + shown(path(interrupt, "line_"))
        return "bits of " + address(path(thread, "waiting_on")) + line
    if state in ("receiving", "calling"):
        return "endpoint " + address(path(thread, "endpoint"))
    if state == "replying":
        return "a reply of " + thread_name(path(thread, "partner"))
    owes = path(thread, "caller")
    return "" if owes is None or unsigned(owes) == 0 else "(serves {})".format(thread_name(owes))


def running():
    return {unsigned(cpu["current_"]): number(path(cpu, "index_")) for cpu in cpus()}


def handles_of(process):
    """(slot, entry) of each handle."""
    found = []
    index = 0
    for chunk in elements(path(process, "handles_", "chunks_")):
        size = chunk.type.target().sizeof
        for i in range(PAGE // size):
            entry = chunk[i]
            if word(path(entry, "kind")) != "none":
                found.append((index + i, entry))
        index += PAGE // size
    return found


def objects_of(kind):
    """Each object of a kind that some handle names: address -> (object, who has handles)."""
    found = {}
    pointer = gdb.lookup_type("kernel::" + kind.capitalize()).pointer()
    for process in processes():
        for _, entry in handles_of(process):
            if word(path(entry, "kind")) == kind:
                place = unsigned(entry["object"])
                found.setdefault(place, (entry["object"].cast(pointer), []))[1].append(name_of(process))
    return found


def holders(names):
    return ", ".join(sorted(set(names)))


class Command(gdb.Command):
    """A command by its function, whose first line of documentation is its help."""

    def __init__(self, name, run):
        self.__doc__ = run.__doc__
        super().__init__(name, gdb.COMMAND_DATA)
        self.run = run

    def invoke(self, argument, from_tty):
        try:
            self.run(argument.strip())
        except gdb.MemoryError as error:
            raise gdb.GdbError("what the kernel's objects say leads nowhere: {}".format(error))


def row(form, *cells):
    print(form.format(*cells).rstrip())


def ps(_):
    """Processes and their threads: state, priority, CPU, what they wait for."""
    form = "{:<18} {:<10} {:>4} {:>4}  {}"
    living = processes()
    now = running()
    row(form, "NAME", "STATE", "PRIO", "CPU", "WAITS FOR")
    for process in living:
        row(form, name_of(process), word(path(process, "state_")), "", "", "handles {}, frames {}/{}".format(
            shown(path(process, "handles_", "used_")), shown(path(process, "frames_", "used")),
            shown(path(process, "frames_", "limit"))))
        for thread in listed(path(process, "threads_")):
            on = now.get(unsigned(thread))
            row(form, "  " + thread_name(thread), "running" if on is not None else word(path(thread, "state")),
                shown(path(thread, "priority")), shown(path(thread, "home", "index_")), waits_for(thread))


def handles(argument):
    """handles PROCESS: what its handles name, with their rights."""
    form = "{:>5} {:<13} {:>10} {:>7}  {}"
    row(form, "SLOT", "KIND", "GENERATION", "RIGHTS", "OBJECT")
    for slot, entry in handles_of(process_named(argument)):
        row(form, slot, word(path(entry, "kind")), shown(path(entry, "generation")),
            shown(path(entry, "rights"), "{:#x}"), address(entry["object"]))


def endpoints(_):
    """Endpoints: epoch, who receives, who stands in line, who has handles."""
    form = "{:<18} {:>5} {:<8} {:<22} {:<22} {}"
    row(form, "ENDPOINT", "EPOCH", "SERVED", "RECEIVERS", "CALLERS", "HANDLES")
    for place, (endpoint, names) in sorted(objects_of("endpoint").items()):
        receivers = listed(path(endpoint, "receivers_"))
        lone = path(endpoint, "receiver_")
        if lone is not None and unsigned(lone) != 0:
            receivers.insert(0, lone)
        served = "given up" if number(path(endpoint, "given_up_")) else shown(path(endpoint, "receive_handles_"))
        row(form, "{:#x}".format(place), shown(path(endpoint, "epoch_")), served,
            " ".join(thread_name(one) for one in receivers) or "-",
            " ".join(thread_name(one) for one in listed(path(endpoint, "callers_"))) or "-", holders(names))


def notifications(_):
    """Notifications: pending bits, who waits, who is bound, who has handles."""
    form = "{:<18} {:>10} {:<18} {:<18} {}"
    row(form, "NOTIFICATION", "PENDING", "WAITER", "BOUND", "HANDLES")
    for place, (one, names) in sorted(objects_of("notification").items()):
        row(form, "{:#x}".format(place), shown(path(one, "pending_"), "{:#x}"), thread_name(path(one, "waiter_")),
            thread_name(path(one, "bound_")), holders(names))


def process_on_cpu():
    """Whose address space the selected CPU has, by the ASID in its TTBR0."""
    try:
        ttbr = unsigned(gdb.parse_and_eval("$TTBR0_EL1"))
    except gdb.error:
        ttbr = number(path(elements(kernel("cpus"))[gdb.selected_thread().num - 1], "ttbr_"))
    for process in processes():
        if number(path(process, "space_", "tables_", "asid_")) == ttbr >> 48:
            return process
    raise gdb.GdbError("this CPU has the address space of no process (TTBR0 {:#x})".format(ttbr))


def image_of(name):
    if name not in programs:
        raise gdb.GdbError("nobody knows the program of '{}': its name is none of {}".format(name, ", ".join(programs)))
    return programs[name]


def symbols(argument):
    """symbols [PROCESS]: loads the symbols of its program, or of the one whose address space the CPU has."""
    name = argument or name_of(process_on_cpu())
    gdb.execute("symbols-" + image_of(name), to_string=True)
    print("symbols of {} for {}".format(image_of(name), name))


KERNEL_BASE = 0xFFFFFF8000000000  # the kernel's map of all RAM: upper half of 39 bits


def physical_of(process, place):
    """By the tables of the process; None where nothing is mapped."""
    table = number(path(process, "space_", "tables_", "root_"))
    for shift in (30, 21, 12):
        at = KERNEL_BASE + table + (place >> shift & 511) * 8
        entry = int.from_bytes(gdb.selected_inferior().read_memory(at, 8).tobytes(), "little")
        if entry & 1 == 0:
            return None
        table = entry & 0xFFFFFFFFF000
    return table | place & PAGE - 1


def user_memory(process, place, size):
    """What is there in its address space, whichever the CPU has; None if a part is not mapped."""
    read = b""
    while len(read) < size:
        at = place + len(read)
        frame = physical_of(process, at)
        if frame is None:
            return None
        part = min(size - len(read), PAGE - at % PAGE)
        read += gdb.selected_inferior().read_memory(KERNEL_BASE + frame, part).tobytes()
    return read


def user_value(process, place, kind):
    read = user_memory(process, place, kind.sizeof)
    return None if read is None else gdb.Value(read, kind)


RINGS = re.compile(r"^(virtio::Ring|Producer|Consumer)<")


def rings_in(value, name, depth=0):
    """(name, value) of each ring in an object, however deep."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY:
        for i in range(kind.range()[0], kind.range()[1] + 1):
            yield from rings_in(value[i], "{}[{}]".format(name, i), depth + 1)
    if kind.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) or depth > 12:
        return
    if RINGS.match(str(kind.unqualified())):
        yield name, value
        return
    fields = [field for field in kind.fields() if hasattr(field, "bitpos")]
    if any(field.name == "__engaged_" and not value[field] for field in fields):
        return  # an optional without a value
    for field in fields:
        hidden = field.is_base_class or field.name is None or field.name.startswith("__")
        yield from rings_in(value[field], name if hidden else name + "." + field.name, depth + 1)


def globals_of_program():
    """(name, symbol) of what lies in the program whose symbols are loaded."""
    listing = gdb.execute("info variables -q -n", to_string=True)
    names = re.findall(r"((?:\(anonymous namespace\)::|[\w:])+)(?:\[\d*\])*;$", listing, re.MULTILINE)
    for name in sorted(set(names)):
        try:
            value = gdb.parse_and_eval("&'{}'".format(name))
        except gdb.error:
            continue
        if unsigned(value) < 1 << 39:
            yield name.split("::")[-1], value


def members_of(process, value):
    cells = []
    for field in value.type.strip_typedefs().fields():
        if field.is_base_class or not hasattr(field, "bitpos"):
            continue
        kind = field.type.strip_typedefs()
        if kind.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_BOOL, gdb.TYPE_CODE_ENUM):
            cells.append("{}={}".format(field.name.rstrip("_"), word(value[field])))
        elif kind.code == gdb.TYPE_CODE_STRUCT and kind.sizeof <= 8:
            cells.append("{}={}".format(field.name.rstrip("_"), shown(value[field])))
        elif kind.code == gdb.TYPE_CODE_PTR and str(kind.target().unqualified()) == "RingSide":
            side = user_value(process, unsigned(value[field]), kind.target())
            cells.append("{}.index={}".format(field.name.rstrip("_"), shown(path(side, "index"))))
    return " ".join(cells)


def rings(argument):
    """rings PROCESS: virtqueues and client rings of a server, wherever its globals hold one."""
    process = process_named(argument)
    symbols(argument)
    found = []
    for name, pointer in globals_of_program():
        value = user_value(process, unsigned(pointer), pointer.type.target())
        found += rings_in(value, name) if value is not None else []
    for place, ring in found:
        row("{:<40} {:<16} {}", place, str(ring.type.strip_typedefs()).split("<")[0], members_of(process, ring))
    if not found:
        print("no ring in the globals of " + image_of(argument))


for command in (ps, handles, endpoints, notifications, rings, symbols):
    Command(command.__name__, command)
