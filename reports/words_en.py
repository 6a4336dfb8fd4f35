"""Every sentence of a report in English."""

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_en import ERRORS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Words

ENGLISH: Final = Words(
    language="en",
    headlines={
        VerdictKind.NO_EVIDENCE: "No evidence of synthesis was found in the voice.",
        VerdictKind.SYNTHETIC: "Evidence of synthesis was found in the voice.",
        VerdictKind.PARTLY_SYNTHETIC: "Evidence of synthesis was found in part of the voice.",
        VerdictKind.INCONCLUSIVE: "Inconclusive: it cannot be told whether the voice is synthetic.",
        VerdictKind.NOT_APPLICABLE: "Not applicable: there is no voice here that could be judged.",
    },
    failed_headline="Not analysed: nothing can be said about this item.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "The file has no audio track.",
        Reason.SILENCE: "The recording is silent.",
        Reason.NO_SPEECH: "There is sound, but no speech was found in it.",
        Reason.TOO_SHORT: "There is less than 1 s of voice, too little to say anything.",
        Reason.MUSIC: "The recording holds music, but no speech was found in it.",
        Reason.NOISE: "The recording holds noise, but no speech was found in it.",
        Reason.TONE: "The recording holds tones, but no speech was found in it.",
        Reason.CLIPPED: "The sound is clipped throughout: every sample is at full scale.",
        Reason.NOT_FINITE: "The file holds sample values that are not numbers.",
        Reason.LITTLE_VOICE: "There is too little voice for a decision ({voiced}).",
        Reason.WEAK_EVIDENCE: "The findings lie in the zone where this method errs too often to "
        "decide.",
        Reason.VARIANTS_DISAGREE: "The recording as it is and the separated voice did not lead to "
        "the same decision, so none was taken.",
        Reason.OVERLAPPED_SPEECH: "Several voices speak at once in most of the judged seconds: the "
        "findings are of the loudest one and say little of the others, so "
        "nothing was decided.",
        Reason.OUT_OF_SCOPE: "The recording is unlike anything that the method was tested on.",
    },
    segment_reasons={
        Reason.NONE: "not scored",
        Reason.NO_AUDIO: "no audio",
        Reason.SILENCE: "silence",
        Reason.NO_SPEECH: "no speech",
        Reason.TOO_SHORT: "too little voice",
        Reason.MUSIC: "music without speech",
        Reason.NOISE: "noise without speech",
        Reason.TONE: "tones without speech",
        Reason.CLIPPED: "clipped throughout",
        Reason.NOT_FINITE: "samples that are not numbers",
        Reason.LITTLE_VOICE: "little voice",
        Reason.WEAK_EVIDENCE: "weak evidence",
        Reason.VARIANTS_DISAGREE: "both ways to listen disagree",
        Reason.OVERLAPPED_SPEECH: "several voices at once",
        Reason.OUT_OF_SCOPE: "outside the method's scope",
    },
    steps={
        Step.EVEN: "does not help to tell",
        Step.WEAK: "weak",
        Step.MODERATE: "moderate",
        Step.MODERATELY_STRONG: "moderately strong",
        Step.STRONG: "strong",
        Step.VERY_STRONG: "very strong",
    },
    strength_bonafide="The findings are {times} more probable if the voice was spoken by a person "
    "than if it is synthetic: {step} support for the proposition that a person spoke.",
    strength_spoof="The findings are {times} more probable if the voice is synthetic than if it "
    "was spoken by a person: {step} support for the proposition that the voice is synthetic.",
    strength_even="The findings are about as probable if the voice is synthetic as if it was "
    "spoken by a person: they do not help to tell.",
    strength_capped="This is the most that the validation of the method can support.",
    spans_sentence="Marked: {spans} ({seconds} of {total}).",
    in_channels="{total} in {n} channels",
    more_spans="and {count} more",
    strongest_span="In the stretch that says most: {strength}",
    separated_sentence="For the voice separated from the other sound: {strength}",
    rates_sentence="How often such a result misleads, measured on {condition}: genuine called synthetic, "
    "{rejected} of {n_bonafide}; synthetic called genuine, {accepted} of {n_spoof}; "
    "{decided} of these items got a decision.",
    conditions={
        "fold 4 (never chosen on)": "the held-back test (fold 4)",
        "inner folds (calibration and thresholds of the other folds)": "the inner tests "
        "(calibration and thresholds of the other folds)",
        "clean": "clean sound",
        "web": "web codecs",
        "degraded": "degraded sound",
    },
    condition_voice="at least {voice} of voice",
    span_rates="No error rate was measured for marked stretches, except where their threshold was set: "
    "there (inner folds) at most 1 in 100 genuine items of 60 s show a false one. How often it misses "
    "synthetic stretches, and how it fares on a held-back test, was not measured.",
    no_rates="No error rates were measured for this kind of recording and amount of voice.",
    likeness_named="Of the systems that the method knows, the synthetic speech is most like {system}, or it is of "
    "none of them: of systems that it never met, {rate} of items are given a name. The likeness is no "
    "evidence for the finding.",
    likeness_unknown="It is not enough like any system that the method knows to be named: the system is unknown.",
    systems={"codec": "a voice after a neural codec"},
    errors={code: said.meaning for code, said in ERRORS.items()},
    unknown_error="The item could not be analysed (error code {code}).",
    notes={
        "extension_mismatch": "The file name's extension does not fit its content; the content "
        "was analysed.",
        "metadata_capped": "The file carries more metadata than is read; the rest was left out.",
        "decode_errors": "Parts of the file are damaged; what could be decoded was analysed.",
        "not_finite": "The file holds sample values that are not numbers; they were left out.",
        "duration_estimated": "",  # the decoded duration is known: nothing to warn about
        "track_out_of_bounds": "One audio track of the file cannot be read or lies about itself; the others "
        "were analysed.",
        "low_bit_rate": "The sound was stored at a telephone's or a voice note's bit rate: with such "
        "sound the method calls genuine speech synthetic more often. Read the result "
        "with that in mind.",
        "overlapped_speech": "Where several voices speak at once, the finding is that of the loudest "
        "one: of a genuine and a synthetic voice that were equally loud, this "
        "method called 52 % synthetic.",
        "reverberant": "The sound carries the long echoes of a room or of a distant microphone: with such "
        "sound the method calls genuine speech synthetic more often. Read the result with that in mind.",
        "offset_removed": "A constant offset of the samples (of a sound card) was taken out before the analysis.",
        "offset_stretch_removed": "In places the samples stood off zero; that was taken out before the analysis.",
        "audio_shorter_than_video": "The sound ends before the picture.",
        "incomplete": "The file is incomplete.",
    },
    unknown_note="The file carries the remark {code}.",
    incomplete={
        "incomplete": "The file is incomplete: {decoded} of {declared} could be decoded.",
        "audio_shorter_than_video": "The sound ends before the picture: {decoded} of {declared}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "analysed",
        TrackUse.COPY: "a copy of an analysed channel",
        TrackUse.SILENT: "silent",
        TrackUse.SKIPPED: "not looked at (over the limit of channels)",
    },
    channel_list="Channel {channels} of track {track}: {use}.",
    quality={
        "narrow_band": "telephone band",
        "clipping": "clipping",
        "low_level": "very low level",
        "much_else": "much other sound beside the voice",
        "overlapped_speech": "several voices at once",
        "partial": "shorter than a segment",
    },
    quality_sentence="{what} in {seconds} of {total}: read that with care.",
    unscored_sentence="{seconds} of {total} could not be judged: {what}.",
    all_scored="Every second of the analysed sound was judged.",
    none_scored="No second of the recording could be judged: {what}.",
    no_sound_seen="The sound was not examined at all.",
    times="about {times} times",
    side_bonafide="person, {times}×",
    side_spoof="synthetic, {times}×",
    side_even="does not help",
    metrics={
        "act_dcf": "Actual DCF",
        "hter_transferred": "HTER, threshold transferred",
        "eer": "Equal error rate",
        "cllr": "Cllr (0 perfect, 1 useless)",
        "min_cllr": "Least possible Cllr",
        "auc": "Area under the ROC curve",
    },
    forbidden=(
        "is fake",
        "fake",
        "genuine",
        "authentic",
        "is real",
        "deepfake",
        "guilt",
        "proves",
        "proof",
        "probability that",
        "probably",
        "certain",
        "likely",
        "%",
    ),
    limits=(
        "The result relates only to the item named here, in the bytes whose SHA-256 is given.",
        "Finding no evidence of synthesis does not show that the voice is unedited, or that it is "
        "not another person imitating the speaker.",
        "The report says nothing about who speaks, whether the words are true, or whether parts "
        "were cut or rearranged.",
        "The method knows the generators and recording conditions it was trained and tested on; "
        "new generators, heavy compression, re-recording through a loudspeaker and deliberate "
        "attacks can mislead it in both directions.",
        "One second of sound says little. Single cells of the timeline point to places worth "
        "listening to; the verdict rests on all the voice together.",
    ),
    provenance={
        ProvenanceState.ABSENT: "The file carries no provenance data (C2PA).",
        ProvenanceState.TRUSTED: "The file carries provenance data (C2PA) that fit its bytes, "
        "signed by {signer}, who is on the trust list.",
        ProvenanceState.VALID: "The file carries provenance data (C2PA) that fit its bytes, signed "
        "by {signer}; nobody here vouches for that signer.",
        ProvenanceState.INVALID: "The file carries provenance data (C2PA) that do not hold: the "
        "file was changed after it was signed, or the data are damaged.",
        ProvenanceState.ELSEWHERE: "The file names provenance data (C2PA) on a server; nothing was "
        "fetched.",
        ProvenanceState.UNREADABLE: "The file carries provenance data (C2PA) that could not be "
        "read.",
    },
    opinions={
        Opinion.AGREE: "The examiner agrees with the machine's finding.",
        Opinion.DISAGREE: "The examiner disagrees with the machine's finding.",
        Opinion.INCONCLUSIVE: "The examiner comes to no conclusion.",
    },
    labels={
        "derivation": "Step by step, from source to voice",
        "command": "Command line",
        "step_input": "In",
        "step_output": "Out",
        "machines": "Machines",
        "requested_at": "Asked for",
        "fact_http_status": "HTTP status",
        "fact_content_type": "Content type",
        "fact_content_length": "Content length",
        "fact_etag": "ETag",
        "fact_last_modified": "Last modified at the source",
        "fact_server_date": "Server's clock",
        "fact_final_url": "Final address",
        "fact_n_redirects": "Redirects",
        "signature": "Signature",
        "signed_by": "Signed by",
        "certificate": "Certificate's SHA-256",
        "strongest": "The seconds that speak most clearly",
        "clips": "Sound clips beside this report",
        "provenance": "Provenance data in the file (C2PA)",
        "provenance_short": "Provenance data",
        "provenance_signer": "Signer, as the data say",
        "provenance_signed_at": "Signed at, as the data say",
        "provenance_generator": "Made with, as the data say",
        "provenance_claims": "Claims",
        "provenance_problems": "What does not hold",
        "provenance_tool": "Read with",
        "provenance_trust": "Trust list SHA-256",
        "review": "Examiner's opinion",
        "reviewed": "Machine output with an examiner's opinion",
        "examiner": "Examiner",
        "reviewed_at": "Given at",
        "review_version": "Version",
        "review_about": "About the JSON with SHA-256",
        "review_key": "Signed with the key",
        "document_title": "Report on synthetic speech",
        "brand": "Voice Verity",
        "report_id": "Report",
        "page": "Page",
        "of": "of",
        "not_reviewed": "Machine output, not reviewed by an examiner",
        "finding": "Finding",
        "not_examined": "What could not be examined",
        "timeline": "Second by second",
        "analysed": "What was analysed",
        "not_analysed": "The item",
        "item": "Item",
        "source": "Source",
        "file": "File",
        "sha256": "SHA-256",
        "findings_sha256": "Findings SHA-256",
        "duration": "Duration",
        "sound": "Sound",
        "voice": "Voice judged",
        "verdict": "Verdict",
        "method": "Method and measured error rates",
        "propositions": "The two propositions",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "Words for the strength of support",
        "scale_times": "Times more probable",
        "scale_words": "Support",
        "rates": "How often the method errs",
        "rates_condition": "Test condition",
        "rates_voice": "Voice, at least",
        "rates_rejected": "Genuine called synthetic",
        "rates_accepted": "Synthetic called genuine",
        "rates_decided": "Decided",
        "rates_items": "Items (genuine + synthetic)",
        "rates_here": "applies here",
        "figures": "Other measured figures",
        "figure_test": "Test",
        "figure_metric": "Measure",
        "figure_value": "Value",
        "segments": "Segments",
        "segment_time": "Time",
        "segment_where": "Track.channel",
        "segment_variant": "Heard",
        "segment_count": "Segments",
        "segment_supports": "Supports",
        "segment_llr": "LLR (range)",
        "segment_voice": "Voice",
        "segment_remarks": "Remarks",
        "spans": "Marked stretches",
        "custody": "Custody and processing",
        "models": "Models and versions",
        "limits": "Limits",
        "glossary": "Words used",
        "verify": "How to verify this report",
        "end": "End of report",
        "recorded": "as recorded",
        "separated": "voice separated",
        "separated_short": "separated",
        "legend_spoof": "supports synthetic",
        "legend_bonafide": "supports a person",
        "legend_even": "does not help",
        "legend_unscored": "not judged",
        "legend_span": "marked stretch",
        "axis_bonafide": "person",
        "axis_spoof": "synthetic",
        "track": "Track",
        "channel": "channel",
        "acquired_at": "Acquired",
        "acquired_by": "Acquired with",
        "source_version": "Source version",
        "original_name": "Name as given",
        "customer": "Customer",
        "submitted_by": "Submitted by",
        "job": "Job",
        "laboratory": "Laboratory",
        "attempt": "Attempt",
        "item_id": "Item number",
        "item_labels": "Labels",
        "list_priority": "Priority in its list",
        "reused": "Analysis of the same bytes, taken from",
        "analysed_at": "Analysed",
        "issued_at": "Issued",
        "failure": "What went wrong",
        "failure_code": "Error code",
        "failure_stage": "Stage",
        "step": "Step",
        "tool": "Tool",
        "seconds": "Seconds",
        "model": "Model",
        "role": "Role",
        "provider": "Runs on",
        "options": "Options",
        "trained_on": "Training data",
        "generators": "Generators in training",
        "cutoff": "Newest training data",
        "languages": "Languages in training",
        "licence": "Model licence",
        "none": "none",
        "unknown": "unknown",
        "attachments": "Attached to this PDF",
        "attached_json": "All findings, machine readable",
        "attached_csv": "One row per segment",
        "steps": "Time taken",
    },
    paragraphs={
        "spectrogram": "Under the cells: the sound itself as a spectrogram, 0 to {top} kHz, "
        "darker where it is louder. It shows what is heard, not what the detector went by.",
        "spectrogram_alt": "Below it a spectrogram of the same sound, 0 to {top} kHz.",
        "strongest_text": "Plain spectrograms of the recorded seconds whose scores lie furthest "
        "out on either side, 0 to 8 kHz, low frequencies at the bottom. They show the sound, not "
        "what the detector went by: that is told where the option “explain” was set. A single "
        "second says little.",
        "strongest_explained": "Spectrograms of the recorded seconds whose scores lie furthest "
        "out on either side, 0 to 8 kHz, low frequencies at the bottom. Each of the {n} parts of "
        "a second was hidden in turn (replaced by the second's mean) and the score asked again. "
        "Bar above the line, blue: this part spoke for a person; below it, orange: for "
        "synthetic; a full bar is a change of the LLR by {reach}. This shows where the score "
        "came from, not where something was made or changed. Parts act together, so the changes "
        "do not add up; and hiding alone tends to move a person's voice towards synthetic, so "
        "compare the parts with each other. A single second says little.",
        "strongest_alt": "Spectrogram of the second {time}, 0 to {top} kHz.",
        "occlusion_alt": "Change of the LLR with each of its {n} parts hidden, in order of time: "
        "{changes}.",
        "derivation_text": "MEDIA stands for the fetched file. The checksum after “decode” is "
        "taken over the bytes that this command line writes, the one after “separate” over the "
        "voice that the mask left, as float32 samples.",
        "cores": "{n} cores",
        "signed": "PDF and JSON are signed. A signature that holds shows that no byte changed "
        "since. Who holds the key is known by the certificate's SHA-256 alone: compare it with "
        "one that reached you another way.",
        "unsigned": "This report was made without a signature.",
        "verify_signature": "Signature. Say verity verify with this PDF, or with the JSON and its "
        ".jws file beside it; any PDF reader and any JWS library checks it too.",
        "provenance_absence": "That such data are absent proves nothing: most files carry none, "
        "and they are easily removed.",
        "provenance_note": "What the signer states was not checked, and is no part of the findings.",
        "provenance_synthetic": "The signer states that the content was made, wholly or in part, "
        "by a trained model.",
        "review_note": "The machine's finding above is unchanged; the opinion is the examiner's "
        "own.",
        "hp_bonafide": "The voice is speech of a person, recorded and transmitted.",
        "hp_spoof": "The voice was made or converted by a speech synthesis system.",
        "method": "The sound is decoded to {sample_rate} Hz and cut into segments of "
        "{segment}, one every {hop}. A mask network finds where voice is and how much other sound "
        "there is. Segments with voice go through the detector “{model}”; its scores are "
        "turned into likelihood ratios by a calibration on held-out recordings. What is "
        "judged is the recording as it is, other sound included. Segments show where; the verdict "
        "pools all judged voice.",
        "method_none": "Nothing was judged, so no method was applied and no error rates belong to "
        "this item.",
        "decision": "Decision rule: at least {min_voiced} of judged voice are asked for. The voice "
        "is called synthetic when the pooled LLR lies below {synthetic}; no evidence of synthesis "
        "is reported when it lies above {no_evidence}; between the two the answer is "
        "inconclusive. It is called partly synthetic when windows of {span_window} of consecutive "
        "judged segments have a pooled LLR below {span}, stricter with length (minus ln(voice seconds "
        "/ 60) for more than 60 s of voice in a channel), while at least {span_window} of other voice "
        "remain whose pooled LLR lies above {synthetic}; where such windows are found but this "
        "does not hold, no evidence of synthesis is never reported. What this rule risks is shown in "
        "the table below, but for marked stretches, which the table does not cover.",
        "threshold": "{llr} ({times} times in favour of {side})",
        "cap": "Nothing in this report is called more than {limit} times more probable: the validation had too few "
        "independent voices and generators to support more.",
        "scale": "The report says how many times more probable the findings are under one "
        "proposition than under the other. It does not say how probable a proposition is: that "
        "also depends on everything else known about the case. Near 1 the findings do not help "
        "to tell.",
        "rates": "Shares of all test items of the class, undecided ones included, at the "
        "thresholds used here. The held-back test was kept aside until all choices "
        "were made; where thresholds were set, rates flatter. Of the tests with as much voice as this "
        "item, the row applies whose two rates have the largest sum.",
        "timeline": "Each cell is {cell}; its colour says which proposition the sound supports, "
        "and how strongly.",
        "timeline_lanes": "One row for each track.channel, and one for the separated voice where it "
        "was judged.",
        "timeline_curve": "The line is the running mean over {window}.",
        "cell_one": "one second",
        "cell_many": "{length}",
        "declared": "; the container declares {declared}",
        "track": "track {track}: {codec}, {rate} Hz, {channels} ch., analysed: {used}",
        "timeline_alt": "Timeline of {total}: {spoof} of the judged cells support that the voice "
        "is synthetic, {bonafide} support that a person spoke, {neither} do not help, {unscored} "
        "could not be judged.",
        "segments_all": "Every segment has a row.",
        "segments_folded": "Neighbouring segments that say the same are folded into one row; "
        "every single segment is in the attached CSV and JSON.",
        "segments_binned": "{n} segments, folded into stretches of {window}; every single segment "
        "is in the attached CSV and JSON.",
        "segments_sign": "LLR is the natural logarithm of the likelihood ratio (of a folded row "
        "the mean, then lowest to highest): positive supports that a person spoke, negative that "
        "the voice is synthetic. Voice is the share of the time that holds voice. Tracks and "
        "channels count from 1 here, from 0 in CSV and JSON.",
        "segments_none": "No segment was judged.",
        "verify_media": "Media. Compute the SHA-256 of the file and compare it with the value on "
        "page 1 (for example with sha256sum). Another value means that other bytes were analysed.",
        "verify_findings": "Findings. Take “findings” from the attached report.json and compute "
        "the SHA-256 over its canonical form (RFC 8785); it must equal the value below, as "
        "the command line below shows.",
        "verify_repeat": "Repeat. Analyse the same bytes again with the same model files (SHA-256 "
        "above) and options, on the same kind of processor: the findings' SHA-256 comes out the "
        "same.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json (all findings, machine readable, schema report-v1) and "
        "segments.csv (one row per segment).",
        "exclusions": "The original file was not changed. This report may not be reproduced "
        "except in full.",
    },
    glossary=(
        ("Bona fide", "Speech of a person, recorded and transmitted; may be edited or compressed."),
        ("Synthetic", "Speech made by text-to-speech or voice conversion."),
        (
            "Likelihood ratio (LR)",
            "How many times more probable the findings are under one "
            "proposition than under the other. LLR is its natural logarithm, bona fide over "
            "synthetic.",
        ),
        ("Segment", "One second of one channel, the unit that is shown."),
        (
            "CM score",
            "The detector's raw number before calibration; higher means more like "
            "bona fide speech.",
        ),
        ("Pooled", "All judged segments together; the verdict rests on this."),
        ("Separated voice", "The recording after a mask has removed other sound."),
        ("SHA-256", "A checksum that changes if one bit of a file changes."),
    ),
)
