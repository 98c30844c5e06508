/*
 * Who commits when, and which boxes can still come: chapter 3 of the specification
 * for two sides, with every order of writing and reading. README.md says what
 * is left out.
 *
 * A lane is a row of slots that are written once and read in order. So a box that
 * is put again after a loss, comes late, comes twice or comes before an earlier
 * one of its lane is the same thing here: the reader takes in the next box of a
 * lane at any later time, or never in the free part of a run. Between lanes every
 * order is tried, and any box may be one that authenticates and cannot be read.
 *
 * Runs may have any length: epochs that both sides are done with are forgotten.
 * What is bounded is the number of boxes of one writer in one lane (BOXES).
 *
 * A `hold` line is a setting in which every claim must hold. A `broken` line takes
 * one rule away (a macro), and the claim beside it must then fail.
 *
 * hold
 * hold ALL_READ CALM=4
 * claim 101 no two commits make one epoch (HW-CONV-3)
 * broken 101 NO_TURN
 * claim 102 a commit comes in turn, and from the epoch in which its reader is (HW-CONV-3)
 * broken 102 NO_TURN
 * claim 103 a commit drops no lane that holds unread boxes (HW-CONV-3)
 * broken 103 DROP_ALWAYS
 * claim 104 nobody writes in a lane that its reader has dropped (HW-CONV-3, HW-CONV-4)
 * broken 104 DROP_ALWAYS
 * claim 105 a lane holds boxes of its epoch and of the next, no others (3.3)
 * broken 105 NO_TURN
 * claim 106 no box is ahead of its reader (HW-BOX-2)
 * broken 106 COMMIT_ONCE
 * claim 107 the keys of two past epochs are enough for every box (3.1)
 * broken 107 NO_LANE_RULE
 * broken 107 UNORDERED
 * broken 107 ONE_PAST_EPOCH
 * claim 108 at most three lanes of the peer are open (3.3)
 * broken 108 NO_LANE_RULE
 * broken 108 TWO_OPEN_LANES
 * claim 109 the two sides are never more than one epoch apart (3.8)
 * broken 109 NO_TURN
 * claim 110 in calm both sides renew their keys within CALM boxes (HW-SLOT-5)
 * broken 110 ENDS_UNSTATED
 * broken 110 CALM=4
 * broken 110 ALL_READ CALM=3
 * claim 111 the redeemer sends nothing before the binding commit (HW-INV-8)
 * broken 111 BEFORE_BINDING
 * claim 112 no box that was put stays unread when all others were read (HW-CONV-4, HW-SLOT-5)
 * broken 112 OWN_NEWEST_LANE
 * broken 112 ENDS_EARLY
 * broken 112 DROP_ALWAYS
 * claim 113 the epochs in use fit the window, so runs of any length were seen
 * broken 113 NO_LANE_RULE
 * claim 114 a lane that alone holds a commit back is never older than the epoch before (HW-CONV-3)
 * broken 114 ENDS_EARLY
 */

/* Epochs that are looked at together, at most 7. */
#ifndef EPOCHS
#define EPOCHS 6
#endif
/* Boxes of one writer in one lane, in the free part; at most 4. */
#ifndef BOXES
#define BOXES 3
#endif
/* Boxes in calm: written in turns, each read at once. */
#ifndef CALM
#define CALM 5
#endif
#define ALL_EPOCHS (EPOCHS + CALM + 2)

#ifdef ONE_PAST_EPOCH
#define MAX_PAST_EPOCHS 1
#else
#define MAX_PAST_EPOCHS 2
#endif
#ifdef TWO_OPEN_LANES
#define MAX_OPEN_LANES 2
#else
#define MAX_OPEN_LANES 3
#endif

/* The number of a claim that fails stands in what the checker prints. ONLY looks
 * at one claim. */
#ifdef ONLY
#define CLAIM(number, c) assert((c) || ONLY != number)
#else
#define CLAIM(number, c) assert((c) || number == 0)
#endif

#define REDEEMER 0
#define INVITER 1

/* Arrays over epochs have room for both sides. */
#define AT(side, of_epoch) ((side) * (ALL_EPOCHS + 1) + (of_epoch))
#define SIZE (2 * (ALL_EPOCHS + 1))

/* A side: its epoch, the newest in which it saw the peer, who committed last,
 * whether it sent anything in its epoch, whether it awaits the binding commit. */
byte epoch[2];
byte seen[2];
byte last[2];
bool sent[2];
bool requested[2];

/* What a writer put into its lane of an epoch: so many boxes that are encrypted in
 * that epoch, then so many in the next, which all carry its commit (HW-BOX-2). */
byte before[SIZE];
byte after[SIZE];
#define WRITTEN(side, of_epoch) (before[AT(side, of_epoch)] + after[AT(side, of_epoch)])

/* A reader: which of the peer's lanes are open, which boxes of them it took in (a
 * bit each), whether it was told their end, which its commit dropped. */
bool open[SIZE];
byte taken[SIZE];
bool end_known[SIZE];
bool dropped[SIZE];
#define ALL_OF(n) ((1 << (n)) - 1)

/* Who made an epoch, plus 1; commits of a side in calm. */
byte made_by[ALL_EPOCHS + 1];
byte commits[2];

/* Scratch of the steps, 0 between them. */
byte e, x, made_in, count, l, k, calm;
bool may, too_old;

#define NEAR() CLAIM(109, epoch[0] <= epoch[1] + 1 && epoch[1] <= epoch[0] + 1)

/* Whether a side may commit now: HW-CONV-3. */
inline judge(js) {
    count = 0;
    too_old = false;
    for (e : 1 .. ALL_EPOCHS) {
        if
        :: open[AT(js, e)] && (e != epoch[js] || sent[js]) ->
            count++;
            too_old = too_old || (e + 1 < epoch[js]);
        :: else
        fi
    }
    e = 0;
    CLAIM(114, last[js] == js || count != 1 || !too_old);
    may = true;
#ifndef NO_TURN
    may = may && last[js] != js;
#endif
#ifndef NO_LANE_RULE
    may = may && count <= 1;
#ifndef ANY_ONE_LANE
    may = may && !too_old;
#endif
#endif
    count = 0;
    too_old = false;
}

inline enter(es, committer) {
    epoch[es]++;
    last[es] = committer;
    sent[es] = false;
    open[AT(es, epoch[es])] = true;
}

/* HW-CONV-4. */
inline write(ws) {
    d_step {
        CLAIM(111, !requested[ws]);
        judge(ws);
        if
        :: may ->
            if
#ifdef DROP_ALWAYS
            :: open[AT(ws, epoch[ws])] ->
#else
            :: open[AT(ws, epoch[ws])] && !sent[ws] ->
#endif
                open[AT(ws, epoch[ws])] = false;
                dropped[AT(ws, epoch[ws])] = true;
                CLAIM(103, taken[AT(ws, epoch[ws])] == ALL_OF(WRITTEN(1 - ws, epoch[ws])));
            :: else
            fi;
            enter(ws, ws);
            CLAIM(101, made_by[epoch[ws]] == 0 || made_by[epoch[ws]] == ws + 1);
            made_by[epoch[ws]] = ws + 1;
            commits[ws]++;
            NEAR();
        :: else
        fi;
        may = false;
        sent[ws] = true;
#ifdef OWN_NEWEST_LANE
        x = epoch[ws];
#else
        x = seen[ws];
#endif
        CLAIM(105, epoch[ws] == x || epoch[ws] == x + 1);
        CLAIM(104, !dropped[AT(1 - ws, x)]);
        if
        :: epoch[ws] == x -> before[AT(ws, x)]++
        :: else -> after[AT(ws, x)]++
        fi;
        x = 0;
    }
}

/* A lane that was read to its stated end is closed: HW-SLOT-5. */
inline finish(fs) {
    count = 0;
    for (e : 1 .. ALL_EPOCHS) {
        if
        :: open[AT(fs, e)] && end_known[AT(fs, e)] && taken[AT(fs, e)] == ALL_OF(WRITTEN(1 - fs, e)) ->
            open[AT(fs, e)] = false;
            end_known[AT(fs, e)] = false;
            taken[AT(fs, e)] = 0;
            before[AT(1 - fs, e)] = 0;
            after[AT(1 - fs, e)] = 0
        :: open[AT(fs, e)] && !(end_known[AT(fs, e)] && taken[AT(fs, e)] == ALL_OF(WRITTEN(1 - fs, e))) ->
            count++
        :: else
        fi
    }
    e = 0;
    CLAIM(108, count <= MAX_OPEN_LANES);
    count = 0;
}

/* A side takes in box `ix` of the peer's lane `lx`: HW-SLOT-4. */
inline read(rs, lx, ix) {
    d_step {
        taken[AT(rs, lx)] = taken[AT(rs, lx)] | (1 << ix);
        made_in = (ix < before[AT(1 - rs, lx)] -> lx : lx + 1);
        if
#ifdef COMMIT_ONCE
        :: made_in == lx + 1 && ix == before[AT(1 - rs, lx)] && lx >= epoch[rs] ->
#else
        :: made_in == lx + 1 && lx >= epoch[rs] ->
#endif
            CLAIM(102, lx == epoch[rs] && last[rs] != 1 - rs);
            enter(rs, 1 - rs);
            requested[rs] = false;
            seen[rs] = epoch[rs];
        :: else
        fi;
        CLAIM(106, made_in <= epoch[rs]);
        CLAIM(107, made_in + MAX_PAST_EPOCHS >= epoch[rs]);
        if
        :: made_in > seen[rs] -> seen[rs] = made_in
        :: else
        fi;
#ifndef ENDS_UNSTATED
        for (e : 1 .. ALL_EPOCHS) {
            if
#ifdef ENDS_EARLY
            :: e < made_in && open[AT(rs, e)] -> end_known[AT(rs, e)] = true
#else
            :: e < lx && open[AT(rs, e)] -> end_known[AT(rs, e)] = true
#endif
            :: else
            fi
        }
        e = 0;
#endif
        made_in = 0;
        finish(rs);
        NEAR();
    }
}

/* Epochs that both sides are done with are forgotten, and the rest is counted
 * from 1 again: so a run may be of any length. */
inline forget_the_past() {
    do
    :: epoch[0] > 1 && epoch[1] > 1 && seen[0] > 1 && seen[1] > 1 && !open[AT(0, 1)] && !open[AT(1, 1)] ->
        CLAIM(112, taken[AT(0, 1)] == ALL_OF(WRITTEN(1, 1)) && taken[AT(1, 1)] == ALL_OF(WRITTEN(0, 1)));
        for (e : 1 .. 2 * ALL_EPOCHS) {
            before[e] = before[e + 1];
            after[e] = after[e + 1];
            open[e] = open[e + 1];
            taken[e] = taken[e + 1];
            end_known[e] = end_known[e + 1];
            dropped[e] = dropped[e + 1]
        }
        for (e : 1 .. ALL_EPOCHS - 1) {
            made_by[e] = made_by[e + 1]
        }
        /* The first of one side must not become the last of the other. */
        for (e : 0 .. 1) {
            before[AT(e, ALL_EPOCHS)] = 0;
            after[AT(e, ALL_EPOCHS)] = 0;
            open[AT(e, ALL_EPOCHS)] = false;
            taken[AT(e, ALL_EPOCHS)] = 0;
            end_known[AT(e, ALL_EPOCHS)] = false;
            dropped[AT(e, ALL_EPOCHS)] = false;
            before[AT(e, 0)] = 0;
            after[AT(e, 0)] = 0;
            open[AT(e, 0)] = false;
            taken[AT(e, 0)] = 0;
            end_known[AT(e, 0)] = false;
            dropped[AT(e, 0)] = false;
            epoch[e]--;
            seen[e]--
        }
        made_by[ALL_EPOCHS] = 0
    :: else -> break
    od;
    e = 0
}

/* Box `ix` of the peer's lane `lx` lies there and has its turn. */
#ifdef UNORDERED
#define IN_TURN(side, lx, ix) (((taken[AT(side, lx)] >> (ix)) & 1) == 0)
#else
#define IN_TURN(side, lx, ix) (taken[AT(side, lx)] == ALL_OF(ix))
#endif
#define READABLE(side, lx, ix) \
    (open[AT(side, lx)] && (ix) < WRITTEN(1 - side, lx) && IN_TURN(side, lx, ix))

/* A side may write, and another box is within the bounds. */
#ifdef BEFORE_BINDING
#define MAY_WRITE(side) true
#else
#define MAY_WRITE(side) !requested[side]
#endif
#define ROOM(side) \
    (MAY_WRITE(side) && epoch[side] < EPOCHS && WRITTEN(side, seen[side]) < BOXES)

inline read_all(as) {
    for (l : 1 .. ALL_EPOCHS) {
        k = 0;
        do
        :: k < WRITTEN(1 - as, l) ->
            if
            :: READABLE(as, l, k) -> read(as, l, k)
            :: else
            fi;
            k++
        :: else -> break
        od
    }
    l = 0;
    k = 0
}

inline nothing_unread(ns) {
    for (l : 1 .. ALL_EPOCHS) {
        CLAIM(112, taken[AT(ns, l)] == ALL_OF(WRITTEN(1 - ns, l)))
    }
    l = 0
}

/* Some box of lane `lx` can be taken in; the loop below has room for 7 lanes, 4 boxes. */
#define ANY(side, lx) (READABLE(side, lx, 0) || READABLE(side, lx, 1) || \
    READABLE(side, lx, 2) || READABLE(side, lx, 3))
#define CHOICE(side, lx) (lx <= EPOCHS && ANY(side, lx)) -> s = side; lane = lx

init {
    byte s, other, lane, i;
    atomic {
        epoch[0] = 1; epoch[1] = 1;
        seen[0] = 1; seen[1] = 1;
        last[0] = REDEEMER; last[1] = REDEEMER;
        open[AT(0, 1)] = true; open[AT(1, 1)] = true;
        made_by[1] = REDEEMER + 1;
        if
        :: requested[REDEEMER] = true       /* a first contact: HW-INV-8 */
        :: sent[0] = true; sent[1] = true   /* keys made anew: HW-REC-4 */
        fi
    };
    /* Free: any side writes, or takes in any box that has its turn. */
    do
    :: atomic {
        if
        :: ROOM(0) -> s = 0
        :: ROOM(1) -> s = 1
        :: CHOICE(0, 1) :: CHOICE(0, 2) :: CHOICE(0, 3) :: CHOICE(0, 4) :: CHOICE(0, 5) :: CHOICE(0, 6) :: CHOICE(0, 7)
        :: CHOICE(1, 1) :: CHOICE(1, 2) :: CHOICE(1, 3) :: CHOICE(1, 4) :: CHOICE(1, 5) :: CHOICE(1, 6) :: CHOICE(1, 7)
        fi;
        if
        :: lane == 0 -> write(s)
        :: else ->
            if
            :: BOXES > 0 && READABLE(s, lane, 0) -> i = 0
            :: BOXES > 1 && READABLE(s, lane, 1) -> i = 1
            :: BOXES > 2 && READABLE(s, lane, 2) -> i = 2
            :: BOXES > 3 && READABLE(s, lane, 3) -> i = 3
            fi;
            if
            :: read(s, lane, i)
#ifndef ALL_READ
            :: d_step {     /* it cannot be read, and uses its index up: HW-BOX-6 */
                taken[AT(s, lane)] = taken[AT(s, lane)] | (1 << i);
                finish(s) }
#endif
            fi
        fi;
        d_step {
            commits[0] = 0; commits[1] = 0;
            forget_the_past();
            CLAIM(113, epoch[0] < EPOCHS && epoch[1] < EPOCHS);
            s = 0; lane = 0; i = 0 }
        }
    :: break
    od;
    /* Calm: all that was put is read, then the two write in turns. */
    atomic {
        read_all(0); read_all(1); read_all(0);
        if
        :: requested[REDEEMER] -> write(INVITER); read_all(REDEEMER)
        :: else
        fi;
        commits[0] = 0; commits[1] = 0;
        if :: s = 0; other = 1 :: s = 1; other = 0 fi;
        do
        :: calm < CALM ->
            write(s); read_all(other);
            calm++;
            s = other; other = 1 - s
        :: else -> break
        od;
        CLAIM(110, commits[0] > 0 && commits[1] > 0);
        nothing_unread(0); nothing_unread(1)
    }
}
