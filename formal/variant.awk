# One variant of a model. `want` names what is changed: after a line, `//- name: text`
# stands in its place and `//+ name: text` is added to it. `keep` numbers the queries
# that are asked.
function flush() { if (has) print held; has = 0 }
BEGIN {
    count = split(want, names, " ")
    for (i = 1; i <= count; i++) wanted[names[i]] = 1
    count = split(keep, names, " ")
    for (i = 1; i <= count; i++) kept[names[i]] = 1
}
/^[ \t]*\/\/[-+] / {
    line = $0
    sub(/^[ \t]*\/\//, "", line)
    kind = substr(line, 1, 1)
    line = substr(line, 3)
    name = line
    sub(/:.*/, "", name)
    sub(/^[^:]*: ?/, "", line)
    if (name in wanted) {
        if (kind == "+") flush()
        held = line
        has = 1
        used[name] = 1
    }
    next
}
/^queries\[/ { asking = 1 }
asking && /\?/ && !(++asked in kept) { next }
{ flush(); held = $0; has = 1 }
END {
    flush()
    for (name in wanted)
        if (!(name in used)) { print "there is no variant " name > "/dev/stderr"; exit 1 }
    for (name in kept)
        if (name + 0 > asked) { print "there is no query " name > "/dev/stderr"; exit 1 }
}
