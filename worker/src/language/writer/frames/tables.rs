//! The frames themselves. `$v` is what is wanted or asked; `$n`, `$z`, `$e` are name, zip and email.

use crate::language::phrasing::Tone;

type Table = &'static [&'static str];

/// Name and zip.
pub(super) const IDENTITY: Table = &[
    "my name is $n and my zip code is $z",
    "this is $n, zip code $z",
    "I'm $n, zip $z",
    "$n here, my zip code is $z",
    "you'll find me under $n, zip code $z",
    "my name's $n, I live in the $z zip code",
    "it's $n, postal code $z",
    "the account is in the name of $n, zip $z",
    "I'm $n and I'm in zip code $z",
    "for your records, I'm $n ($z)",
    "name: $n, zip: $z",
    "the name on the account is $n, with $z for the zip",
];

/// Name and zip in few words.
pub(super) const NAME_TERSE: Table = &["$n, $z", "$n, zip $z", "name $n, zip $z", "$n here, $z"];

/// Email alone.
pub(super) const EMAIL: Table = &[
    "my email is $e",
    "you can find me under $e",
    "the email on my account is $e",
    "I'm registered as $e",
    "my account email is $e",
    "I signed up with $e",
    "look me up by my email, it's $e",
    "you have me on file as $e",
    "I use $e with you",
];

/// Name and email.
pub(super) const NAME_EMAIL: Table = &[
    "this is $n, my email is $e",
    "I'm $n and my email is $e",
    "$n here, registered with $e",
    "my name is $n, and the account is under $e",
    "I'm $n ($e)",
];

/// What a message starts with.
pub(super) fn greeting(tone: Tone) -> Table {
    match tone {
        Tone::Plain => &[
            "hi",
            "hello",
            "hi there",
            "hello there",
            "hey",
            "good {morning|afternoon|evening}",
            "hi, I need help with something",
            "",
            "",
            "hello, customer service?",
        ],
        Tone::Chatty => &[
            "hey there!",
            "hi! Hope you're having a {good|nice|great} day",
            "hello hello!",
            "hey, how's it going?",
            "oh good, somebody's here!",
            "well hello!",
            "hi, thanks for picking this up!",
            "hiya!",
            "good {morning|afternoon|evening}! I've got my tea and I'm ready to sort this out",
            "howdy!",
            "hey! First time using this chat, bear with me",
        ],
        Tone::Terse => &["", "", "", "hi", "hey", "hello"],
        Tone::Polite => &[
            "good {morning|afternoon|evening}",
            "hello, I hope you're well",
            "good day to you",
            "hello, and thank you for your time",
            "hello, I hope I've reached the right department",
            "dear customer service",
            "pardon the interruption",
            "hello, sorry to trouble you",
            "greetings",
            "good day, I hope this finds you well",
        ],
        Tone::Annoyed => &[
            "",
            "hello?",
            "listen",
            "look",
            "finally",
            "well, somebody at last",
            "ugh, hi",
            "hello, is anyone actually there?",
            "I've been waiting forever",
            "honestly, this is annoying",
        ],
    }
}

/// What is said before coming to the point.
pub(super) fn lead(tone: Tone) -> Table {
    match tone {
        Tone::Plain => &[
            "I'm hoping you can help me out",
            "I need some help with my account",
            "quick one for you",
            "I'm writing about $matter",
            "maybe you can help",
            "there's something I need taken care of",
            "I couldn't find how to do this on the website",
            "the app won't let me do this myself",
        ],
        Tone::Chatty => &[
            "so here's my little saga",
            "you're going to laugh at me",
            "it's been one of those weeks",
            "I've been meaning to get in touch for ages and kept putting it off",
            "I'm on my lunch break so I figured I'd finally deal with this",
            "my daughter told me to just use the chat, so here I am",
            "I was halfway through breakfast when I remembered this",
            "honestly, I never thought I'd be one of those people who contact support",
            "I tried clicking around on my own but I'm hopeless with websites",
            "bear with me, I tend to ramble",
            "I'm a longtime customer, love the $place by the way",
            "deep breath",
            "I've got a toddler on my lap, so excuse the typing",
            "the hold music was lovely, actually",
        ],
        Tone::Terse => &["quick request", "need help", "short one"],
        Tone::Polite => &[
            "I would be grateful for your assistance",
            "I wonder whether you might be able to help me",
            "I have a favor to ask",
            "if it isn't too much trouble, I could use your help",
            "I apologize in advance if this is the wrong place to ask",
            "I'd appreciate a hand with something",
            "I shall try to be brief",
            "perhaps you could assist me",
        ],
        Tone::Annoyed => &[
            "I've been clicking around your website for ages and got nowhere",
            "this should not be so complicated",
            "I've tried calling and nobody picks up",
            "your app crashed on me again",
            "I don't have all day",
            "I really hope you can sort this out, because the bot couldn't",
            "I'm getting tired of this",
            "I can't believe I have to write in for this",
            "nobody answered my last message",
        ],
    }
}

/// Before several goals.
pub(super) const SEVERAL: Table = &[
    "I've got a couple of things",
    "there are a few things I'd like sorted",
    "this is about more than one thing",
    "a few things, actually",
    "I have several requests, so bear with me",
    "more than one issue, sorry",
    "let me list what I'm after",
    "couple of items on my list",
];

/// Before the first of several goals that come one by one.
pub(super) const ONE_BY_ONE: Table = &[
    "first things first:",
    "let's start with this:",
    "to begin with,",
    "there's more later, but first:",
    "one thing at a time",
    "I'll start with the most urgent one:",
    "I have more than one request, I'll begin with this:",
];

/// Between one goal and the next; ends so that a clause can follow.
pub(super) fn joint(tone: Tone) -> Table {
    match tone {
        Tone::Plain => &[
            "also, ",
            "and another thing: ",
            "besides that, ",
            "then, ",
            "next, ",
            "as well as that, ",
            "apart from that, ",
            "secondly, ",
            "on a separate note, ",
        ],
        Tone::Chatty => &[
            "oh, and while I have you, ",
            "and then there's this: ",
            "on top of all that, ",
            "now for the other thing: ",
            "and since we're talking, ",
            "as if that weren't enough, ",
            "oh! And ",
            "speaking of which, ",
        ],
        Tone::Terse => &["also: ", "next: ", "and ", "then ", "plus "],
        Tone::Polite => &[
            "in addition, ",
            "if I may, one further matter: ",
            "furthermore, ",
            "I also have this request: ",
            "if it's not asking too much, ",
            "and lastly, ",
        ],
        Tone::Annoyed => &[
            "and that's not all: ",
            "on top of that, ",
            "and another thing, ",
            "while you're at it, ",
            "oh, and of course, ",
            "as if that wasn't enough, ",
        ],
    }
}

/// A wish, plain.
const WISH_PLAIN: Table = &[
    "I'd like to $v",
    "I want to $v",
    "I need to $v",
    "can you help me $v?",
    "could you help me $v?",
    "I'm looking to $v",
    "I'm trying to $v",
    "I was hoping to $v",
    "is it possible to $v?",
    "how do I $v?",
    "I'm writing to $v",
    "I was wondering if I could $v",
    "I have to $v",
    "what I need is to $v",
    "my plan is to $v",
    "the idea is to $v",
];

/// A wish, chatty.
const WISH_CHATTY: Table = &[
    "I was thinking I'd $v",
    "I'd really love to $v",
    "what I'm hoping to do is $v",
    "do you think we could $v?",
    "I've made up my mind to $v",
    "I figured I'd ask you to help me $v",
    "would there be any chance to $v?",
    "long story short, I'd like to $v",
    "I've been going back and forth, but I want to $v",
    "the plan is to $v",
    "I've finally decided to $v",
    "let's see if we can $v, shall we?",
    "the wish of the day is to $v",
    "I promised myself I'd $v today",
    "I've set my heart on it: I want to $v",
];

/// Ways to state a wish.
pub(super) fn wish(tone: Tone) -> Table {
    match tone {
        Tone::Plain => WISH_PLAIN,
        Tone::Chatty => WISH_CHATTY,
        Tone::Terse => &[
            "need to $v",
            "want to $v",
            "please $v",
            "looking to $v",
            "how do I $v?",
            "I need to $v",
            "trying to $v",
        ],
        Tone::Polite => &[
            "I would like to $v, if possible",
            "would you be so kind as to help me $v?",
            "might I $v?",
            "could you please help me $v?",
            "I'd be grateful if I could $v",
            "would it be possible to $v?",
            "I'd very much appreciate help to $v",
            "may I please $v?",
            "I was hoping that you could help me $v",
            "I should like to $v",
            "it would mean a lot to me to $v",
            "kindly help me $v",
            "with your help I would like to $v",
        ],
        Tone::Annoyed => &[
            "I want to $v",
            "I need to $v now",
            "I just want to $v, how hard can that be?",
            "all I want is to $v",
            "I need someone to help me $v",
            "tell me how I can $v",
            "why is it so hard to $v?",
            "I've been trying to $v for hours",
            "I expect to be able to $v without any fuss",
            "can somebody finally help me $v?",
            "it's about time I got to $v",
            "I insist: I want to $v",
            "I demand to $v",
        ],
    }
}

/// Ways to ask.
pub(super) fn question(tone: Tone) -> Table {
    match tone {
        Tone::Plain => &[
            "can you tell me $v?",
            "I'd like to know $v",
            "I want to know $v",
            "could you check $v?",
            "I'm trying to find out $v",
            "do you know $v?",
            "I need to know $v",
            "please let me know $v",
            "could you look up $v?",
        ],
        Tone::Chatty => &[
            "I'm dying to know $v",
            "I was sitting here wondering $v",
            "any chance you could work out $v for me?",
            "my husband and I have a bet on $v, can you settle it?",
            "for my own curiosity, can you tell me $v?",
            "I'm hopeless at sums, so could you figure out $v?",
            "I keep wondering $v",
        ],
        Tone::Terse => &[
            "tell me $v",
            "need to know $v",
            "check $v",
            "please tell me $v",
        ],
        Tone::Polite => &[
            "would you mind telling me $v?",
            "could you please let me know $v?",
            "I'd be grateful to learn $v",
            "may I ask $v?",
            "might you be able to tell me $v?",
            "I would appreciate knowing $v",
        ],
        Tone::Annoyed => &[
            "I want to know $v",
            "just tell me $v",
            "can somebody finally tell me $v?",
            "nobody could tell me $v so far, can you?",
            "I have a right to know $v",
            "why can't I see anywhere $v?",
        ],
    }
}

/// What a first message ends with.
pub(super) fn leave(tone: Tone) -> Table {
    match tone {
        Tone::Plain => &[
            "thanks",
            "thank you",
            "can you do that?",
            "let me know what you need from me",
            "thanks in advance",
            "hope that works",
            "is that doable?",
            "what do you need from me?",
            "appreciate it",
        ],
        Tone::Chatty => &[
            "you'd be saving my week!",
            "thanks a million",
            "fingers crossed!",
            "you're a star",
            "let me know, I'm all ears",
            "hope that made any sense at all",
            "cheers, you lovely person",
            "phew, that was a mouthful",
        ],
        Tone::Terse => &["thx", "thanks", "asap please"],
        Tone::Polite => &[
            "thank you very much in advance",
            "I'd be most grateful",
            "thank you for your patience",
            "please let me know if you require anything else from me",
            "with many thanks",
            "I look forward to hearing from you",
            "my thanks for your help",
        ],
        Tone::Annoyed => &[
            "and please be quick about it",
            "don't pass me around again",
            "I'd like this settled today",
            "and spare me the script",
            "how long is this going to take?",
            "please just get it done",
            "I hope that makes sense",
        ],
    }
}
