//! Phrases that say what a clause does, whatever the domain.

/// What a phrase does in its clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// A word that opens a question: "which", "what".
    Wh,
    /// Asks for something to be given: "please tell me", "could you share".
    Request,
    /// Asks for a choice among what was listed: "which one".
    WhichOne,
    /// Asks for a yes, in a question: "shall i".
    Confirm,
    /// Asks for a yes in any form: "(yes/no)", "please confirm".
    Firm,
    /// Says no: "cannot".
    Decline,
    /// Says no when a reason stands beside it: "unfortunately".
    Soft,
    /// Denies or demands the status that follows: "not", "only", "until".
    Restrict,
    /// Looks like a no and is none: "unable to find".
    Exempt,
    /// Warns of what will not be possible after a write.
    Warning,
    /// Hands over to a human.
    Transfer,
    /// Says that something has been done: "has been cancelled".
    Report,
    /// "I have", which with a verb of doing behind it reports.
    Perfect,
    /// Such a verb: "cancelled".
    Done,
    /// Makes what follows conditional: "once", "if".
    Condition,
    /// " or " between things.
    Or,
}

impl Marker {
    /// Whether this marker within `outer` does not count.
    pub(crate) fn yields_to(self, outer: Self) -> bool {
        self == outer
            || matches!(
                (self, outer),
                (Self::Decline | Self::Soft, Self::Exempt | Self::Warning)
                    | (Self::Restrict, Self::Decline | Self::Exempt | Self::Warning)
                    | (Self::Wh, Self::Firm | Self::Confirm)
                    | (Self::Confirm | Self::Firm, Self::Request)
                    | (Self::Transfer, Self::Exempt)
                    | (Self::Report, Self::Exempt)
                    | (Self::Or, _)
            )
    }
}

/// Every marker with its phrases, lower case and parted by ` | `; `*` at the end leaves the word open.
pub(crate) const MARKERS: &[(Marker, &str)] = &[
    (
        Marker::Wh,
        "\
        which | what | what's | how | where | who | whose | whom | why",
    ),
    (
        Marker::Request,
        "\
        tell me | do you use | do you perhaps | did you use | would you tell me | please point me | let me know | could you | can you | would you please | would you mind | \
        would you kindly | please share | please give | please provide | provide me | \
        provide the | provide your | please send | please specify | please enter | please state | \
        please choose | please pick | please select | please indicate | please clarify | \
        please supply | please name | please describe | please identify | please list | \
        please verify | please reply with | please include | please tell | please confirm your | \
        please confirm the reason | confirm which | confirm what | may i have | may i get | \
        may i ask | may i please | might i have | could i have | could i get | could i ask | \
        could i please | can i have | can i get | can i ask | can i please | could we get | \
        can we get | i need your | i need the | i need two | i need three | i need a few | i need some | i need one | need the following | i need to know | i need a bit | i'll need | \
        i will need | i would need | i'd need | i also need | i'll also need | i still need | \
        i first need | we need | we'll need | i just need | i'll just need | do you have | \
        do you know | do you remember | do you recall | verify your | share your | share the | \
        give me | send me | remind me | help me with your | let me have | i require | \
        need to know | reply with the | look up your account with | do you prefer | \
        would you prefer | any preference | i'd like to know | like to ask",
    ),
    (
        Marker::WhichOne,
        "\
        which one | which ones | the first or the second | the former or the latter | which of these | which of those | which of them | \
        which of the two | which of the following | which would you | which do you | which is it | \
        which should | pick one | choose one | which option | one of these | \
        one of the following | which is the one | which was it | any of these | either of these",
    ),
    (
        Marker::Confirm,
        "\
        shall i | yes | sounds good | looks good | sounds right | looks right | make the switch | make this change | are you sure | permission | all good | give it the go-ahead | shall we | should i | should we | do you want me to | would you like me to | \
        want me to | like me to | may i | can i go ahead | can i proceed | may i proceed | \
        ok to proceed | okay to proceed | okay to go ahead | ok to go ahead | ready to proceed | \
        go ahead | proceed | do you confirm | can you confirm | could you confirm | \
        do i have your | is that correct | is this correct | is that right | is this right | \
        is that ok | is that okay | is this ok | is this okay | is that alright | \
        is that all right | is that fine | does that look | does this look | does that sound | \
        does this sound | does that work | does this work | look right | look good | \
        look correct | sound good | sound right | would you like to | do you want to | \
        do you wish to | would that be | are you happy | are you ok with | are you okay with | \
        do you agree | do you approve | all correct | everything correct | is everything | \
        are these details | are those details | is all of this | is all of that | \
        have i got that right | did i get that right | correct | right | ok | okay | is it ok | \
        is it okay | happy for me to | good to go | would it be ok | would it be okay | \
        am i good to | want to go ahead | is that what you | is this what you | yes or no | \
        can i have your | may i have your go-ahead | may i have your confirmation | sure you want",
    ),
    (
        Marker::Firm,
        "\
        yes/no | yes / no | (y/n) | yes or no | reply yes | reply \"yes\" | reply with yes | \
        reply with \"yes\" | reply 'yes' | reply with 'yes' | say yes | say \"yes\" | say 'yes' | \
        answer yes | answer with yes | type yes | type \"yes\" | respond yes | respond with yes | \
        respond with \"yes\" | please confirm | confirm with yes | confirm with a yes | \
        with a yes | an explicit yes | a clear yes | a simple yes | a \"yes\" | a 'yes' | \
        do you confirm | waiting for your confirmation | i need your confirmation | \
        i need your go-ahead | i just need your go-ahead | i just need a yes | i need a yes | \
        i need you to confirm | i'll need a yes | i'll need your confirmation | \
        i just need your confirmation | confirm that you | confirm you | confirm if | \
        confirm whether | let me know if you'd like me to | let me know if you would like me to | \
        let me know if i should | let me know if that's | let me know if that is | \
        let me know if this is | let me know if it's ok | let me know whether i should | \
        let me know whether to | let me know if you want me to | tell me if i should | \
        just say the word | say the word | give me the go-ahead | give me a yes | \
        give me your go-ahead | let me know if you'd like to proceed | \
        let me know if you would like to proceed | let me know if you confirm | if you confirm | \
        if you agree, | if that's ok | if that's okay | if that is ok | if everything looks | \
        if this looks | if that looks | once you confirm",
    ),
    (
        Marker::Decline,
        "\
        can't | cannot | can not | cant | unable | not able | not possible | impossible | \
        isn't possible | isn't something | is not something | not something | not allowed | \
        aren't allowed | isn't allowed | won't be able | will not be able | not permitted | \
        isn't permitted | aren't permitted | not eligible | isn't eligible | aren't eligible | \
        ineligible | have to decline | must decline | need to decline | i decline | \
        i'm declining | have to refuse | must refuse | have to say no | have to turn down | \
        must turn down | couldn't | could not | no way to | no way for me | isn't an option | \
        is not an option | not an option | against our policy | against policy | \
        against the policy | doesn't allow | does not allow | don't allow | do not allow | \
        doesn't permit | does not permit | prevents me | not in a position | \
        don't have the ability | do not have the ability | out of my hands | my hands are tied | \
        not supported | isn't supported | aren't supported | don't support | do not support | \
        off the table | isn't available to | ruled out | won't go through | will not go through | \
        not going to be able | not going to be possible | isn't going to be possible | \
        is beyond what | outside what i | beyond what i",
    ),
    (
        Marker::Soft,
        "\
        unfortunately | must go | has to go | have to go | my answer | needs to go | i'm sorry | i am sorry | sorry | i'm afraid | i am afraid | regret* | \
        apologi* | can only | may only | must be | has to be | have to be | only be | only works | \
        works only | only possible | possible only | limited to | restricted to | reserved for",
    ),
    (
        Marker::Restrict,
        "\
        not | isn't | aren't | wasn't | weren't | hasn't | haven't | never | no longer | only | \
        must | has to be | have to be | needs to be | need to be | unless | until | as long as | \
        so long as | while it | while they | while its | while an order | while the order | \
        while still | provided | limited to | restricted to | reserved for | requires | require | \
        needs a | need a | rather than | other than | yet to be | before it | before an order | \
        before the order",
    ),
    (
        Marker::Exempt,
        "\
        unable to find | unable to locate | unable to verify | unable to match | \
        unable to pull up | not able to find | not able to locate | not able to verify | \
        can't find | cannot find | could not find | couldn't find | can't locate | cannot locate | \
        couldn't locate | could not locate | can't verify | cannot verify | couldn't verify | \
        could not verify | can't see | cannot see | don't see | can't access | cannot access | \
        can't proceed without | cannot proceed without | can't proceed until | \
        cannot proceed until | can't continue without | cannot continue without | \
        can't go ahead without | can't look | cannot look | couldn't match | could not match | \
        can't tell which | cannot tell which | can't help but | can't wait | why not | can't do anything wrong | can't go wrong | \
        if you can't | if you cannot | if you couldn't | could not be found | couldn't be found | \
        can't be found | cannot be found | can't be sure which | can't pull up | \
        couldn't pull up | has already been cancelled | can't make any changes until | cannot make any changes until | cannot do anything until | \
        can't do anything until | can't share any | can't discuss | can't start until | \
        can't be certain | aren't able to find | wasn't able to find | wasn't able to locate | \
        was not able to find | wasn't able to verify | didn't catch | not sure which | or not | \
        hasn't been cancelled | not been cancelled | you can't remember | can't recall | \
        don't remember",
    ),
    (
        Marker::Warning,
        "\
        can't be undone | cannot be undone | can not be undone | can't undo | cannot undo | \
        not be able to undo | can't be reversed | cannot be reversed | can't reverse | \
        cannot reverse | can't be reverted | cannot be reverted | not possible to undo | \
        not possible to reverse | can't be taken back | cannot be taken back | unable to undo | \
        unable to reverse",
    ),
    (
        Marker::Transfer,
        "\
        transferring you | transfer you | transferring this | transferred to a human | \
        being transferred | been transferred | transferring your | transferring the | \
        connecting you | connect you with a human | connect you to a human | \
        connect you with an agent | connect you with a colleague | connect you with one of | \
        connect you with someone | connect you with a member | connect you with our | \
        handing you over | hand you over | handing this over | hand this over | handing you to | \
        passing you | pass you on to | pass you over | passing this on to a human | escalating | \
        escalate this | escalate your | put you through | putting you through | \
        transfer this conversation | transfer this to | transfer your request | \
        hand over to a human | hand it over to | handing it over | pass this to a human | \
        passing this to a human | passing you to | over to a human | over to a colleague | \
        forwarding you to | forwarding this to a human | a human agent will take over | \
        take it from here | is taking over | will be taking over | transferred you to | \
        transferred this to | handed you over | handed this over",
    ),
    (
        Marker::Report,
        "\
        been cancelled | been canceled | is cancelled | is canceled | now cancelled | \
        now canceled | was cancelled | was canceled | have now cancelled | cancelled your | \
        cancelled order | been updated | been changed | been modified | been exchanged | \
        been returned | been switched | been swapped | been replaced | been processed | \
        been submitted | been completed | been requested | been initiated | been placed | \
        been set up | been set to | been started | been arranged | been registered | \
        been recorded | been filed | been confirmed | been applied | been saved | been made | \
        been done | been carried out | been put through | i've taken care | i've gone ahead | \
        i have gone ahead | successfully | is now set to | is all set | is done | all done | \
        went through | has gone through | have gone through | is complete | is now complete | \
        are now complete | now updated | now changed | is confirmed | is on its way through | \
        that's done | taken care of | is in place | is underway | is under way | \
        is now in process | is registered | now be charged to | now goes to | will now ship to | \
        will now be shipped to | is now paid with | is set up | are set up | is booked | \
        is now with",
    ),
    (
        Marker::Perfect,
        "\
        i've | i have | we've | we have",
    ),
    (
        Marker::Done,
        "\
        cancelled | canceled | updated | changed | modified | switched | swapped | replaced | \
        exchanged | returned | processed | submitted | completed | requested | initiated | \
        set up | set | started | arranged | registered | recorded | filed | placed | put | made the | made that | \
        made your | made those | made these | \
        accepted | sent | moved | taken back | taken care | applied | saved | finalized | done | \
        carried out | scheduled | refunded | corrected",
    ),
    (
        Marker::Condition,
        "\
        once | if | when | after | until | before | unless | as soon as | would | can be | \
        could be | will be | whether | to be | needs to | has already | have already | \
        had already | was already | already",
    ),
    (
        Marker::Or,
        "\
        or",
    ),
];
