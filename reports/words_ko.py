"""Every sentence of a report in Korean."""

# ruff: noqa: E501 -- counts wide letters as two columns

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_ko import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Script, Words

KOREAN: Final = Words(
    language="ko",
    script=Script.CJK,
    share="100건 중 {number}건",
    between="{low}~{high}",
    span_channel="채널 {place}",
    bytes_form="{number}바이트",
    headlines={
        VerdictKind.NO_EVIDENCE: "음성에서 합성의 증거가 발견되지 않았습니다.",
        VerdictKind.SYNTHETIC: "음성에서 합성의 증거가 발견되었습니다.",
        VerdictKind.PARTLY_SYNTHETIC: "음성의 일부에서 합성의 증거가 발견되었습니다.",
        VerdictKind.INCONCLUSIVE: "결론 없음: 음성이 합성인지 알 수 없습니다.",
        VerdictKind.NOT_APPLICABLE: "해당 없음: 판정할 수 있는 음성이 없습니다.",
    },
    failed_headline="분석되지 않음: 이 항목에 대해서는 아무 말도 할 수 없습니다.",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "파일에 오디오 트랙이 없습니다.",
        Reason.SILENCE: "녹음이 무음입니다.",
        Reason.NO_SPEECH: "소리는 있으나 말소리가 발견되지 않았습니다.",
        Reason.TOO_SHORT: "말소리가 1초 미만이어서 무엇을 말하기에는 너무 짧습니다.",
        Reason.MUSIC: "녹음에 음악이 있으나 말소리가 발견되지 않았습니다.",
        Reason.NOISE: "녹음에 잡음이 있으나 말소리가 발견되지 않았습니다.",
        Reason.TONE: "녹음에 순음이 있으나 말소리가 발견되지 않았습니다.",
        Reason.CLIPPED: "소리가 전체에 걸쳐 포화되어 있습니다: 모든 표본이 최댓값입니다.",
        Reason.NOT_FINITE: "파일에 숫자가 아닌 표본값이 있습니다.",
        Reason.LITTLE_VOICE: "판단하기에는 말소리가 너무 적습니다({voiced}).",
        Reason.WEAK_EVIDENCE: "소견이, 이 방법이 판단하기에는 너무 자주 틀리는 구간에 있습니다.",
        Reason.VARIANTS_DISAGREE: "녹음 그대로와 분리한 음성이 같은 판단에 이르지 않아 판단하지 않았습니다.",
        Reason.OVERLAPPED_SPEECH: "판단한 시간의 대부분에서 여러 사람이 동시에 말합니다. 소견은 가장 큰 음성의 "
        "것이고 다른 음성에 대해서는 거의 말해 주지 않으므로 판단하지 "
        "않았습니다.",
        Reason.OUT_OF_SCOPE: "녹음이 이 방법을 시험한 어떤 녹음과도 비슷하지 않습니다.",
    },
    segment_reasons={
        Reason.NONE: "채점 안 됨",
        Reason.NO_AUDIO: "오디오 없음",
        Reason.SILENCE: "무음",
        Reason.NO_SPEECH: "말소리 없음",
        Reason.TOO_SHORT: "말소리가 너무 적음",
        Reason.MUSIC: "말소리 없는 음악",
        Reason.NOISE: "말소리 없는 잡음",
        Reason.TONE: "말소리 없는 순음",
        Reason.CLIPPED: "전체가 포화됨",
        Reason.NOT_FINITE: "숫자가 아닌 표본",
        Reason.LITTLE_VOICE: "말소리가 적음",
        Reason.WEAK_EVIDENCE: "약한 소견",
        Reason.VARIANTS_DISAGREE: "두 가지 듣기가 불일치",
        Reason.OVERLAPPED_SPEECH: "여러 음성이 동시",
        Reason.OUT_OF_SCOPE: "방법의 적용 범위 밖",
    },
    steps={
        Step.EVEN: "구별에 도움이 되지 않음",
        Step.WEAK: "약한",
        Step.MODERATE: "중간 정도의",
        Step.MODERATELY_STRONG: "다소 강한",
        Step.STRONG: "강한",
        Step.VERY_STRONG: "매우 강한",
    },
    strength_bonafide="소견은 음성이 합성인 경우보다 사람이 말한 경우에 {times} 더 나타나기 쉽습니다: 사람이 "
    "말했다는 명제에 대한 {step} 지지입니다.",
    strength_spoof="소견은 사람이 말한 경우보다 음성이 합성인 경우에 {times} 더 나타나기 쉽습니다: 음성이 "
    "합성이라는 명제에 대한 {step} 지지입니다.",
    strength_even="소견은 음성이 합성이든 사람이 말했든 거의 비슷하게 나타납니다: 구별에 도움이 되지 않습니다.",
    strength_capped="이는 이 방법의 검증이 뒷받침할 수 있는 최대치입니다.",
    spans_sentence="표시된 곳: {spans} ({total} 중 {seconds}).",
    in_channels="채널 {n}개 합계 {total}",
    more_spans="외 {count}곳",
    strongest_span="가장 많은 것을 말하는 구간에서: {strength}",
    separated_sentence="다른 소리에서 분리한 음성에 대해: {strength}",
    rates_sentence="이런 결과가 얼마나 자주 오도하는지(측정 조건: {condition}): 진짜를 합성이라 부름 {rejected}"
    "({n_bonafide}개 항목), 합성을 진짜라 부름 {accepted}({n_spoof}개 항목), 판단에 이른 비율 {decided}입니다.",
    conditions={
        "fold 4 (never chosen on)": "남겨 둔 시험(4번 묶음)",
        "inner folds (calibration and thresholds of the other folds)": "내부 시험(다른 묶음의 보정과 문턱값)",
        "clean": "깨끗한 소리",
        "web": "웹 코덱",
        "degraded": "열화된 소리",
    },
    condition_voice="말소리 {voice} 이상",
    span_rates="표시된 구간의 오류율은 문턱값을 정한 곳을 제외하고는 측정되지 않았습니다: 그곳(내부 분할)에서는 60 s "
    "길이의 진짜 항목 100건 중 많아야 1건에 잘못된 구간이 나타납니다. 합성 구간을 얼마나 놓치는지, 따로 남겨 둔 "
    "시험에서 어떤지는 측정되지 않았습니다.",
    no_rates="이런 종류의 녹음과 이만큼의 말소리에 대해서는 오류율이 측정되지 않았습니다.",
    likeness_named="이 방법이 아는 시스템 가운데 합성 음성은 다음과 가장 비슷하거나, 그 어느 것도 아닙니다: {system}. "
    "한 번도 접하지 않은 시스템의 항목도 {rate}은 이름을 받습니다. 비슷함은 소견의 증거가 아닙니다.",
    likeness_unknown="이 방법이 아는 어떤 시스템과도 이름을 댈 만큼 비슷하지 않습니다: 시스템은 알 수 없습니다.",
    systems={"codec": "신경망 코덱을 거친 음성"},
    errors=MEANINGS,
    unknown_error="이 항목은 분석할 수 없었습니다(오류 코드 {code}).",
    notes={
        "extension_mismatch": "파일 이름의 확장자가 내용과 맞지 않습니다. 내용을 분석했습니다.",
        "metadata_capped": "파일의 메타데이터가 읽는 한도보다 많습니다. 나머지는 제외했습니다.",
        "decode_errors": "파일의 일부가 손상되었습니다. 복호화할 수 있는 부분을 분석했습니다.",
        "not_finite": "파일에 숫자가 아닌 표본값이 있습니다. 그 값은 제외했습니다.",
        "duration_estimated": "",
        "track_out_of_bounds": "파일의 오디오 트랙 하나를 읽을 수 없거나 그 정보가 사실과 다릅니다. 나머지 트랙을 분석했습니다.",
        "low_bit_rate": "소리가 전화나 음성 메모 수준의 낮은 비트 전송률로 저장되었습니다. 이런 소리에서는 실제 음성을 합성으로 판정하는 일이 더 잦으므로 이 점을"
        " 고려하여 결과를 읽으십시오.",
        "overlapped_speech": "여러 사람이 동시에 말하는 곳에서 소견은 가장 큰 음성의 것입니다. 크기가 같은 "
        "실제 음성과 합성 음성의 쌍 가운데 이 방법은 52 %를 합성으로 판단했습니다.",
        "reverberant": "소리에 방이나 멀리 있는 마이크로 인한 긴 울림이 있습니다. 이런 소리에서는 실제 음성을 합성으로 판정하는 일이 더 잦으므로 "
        "이 점을 고려하여 결과를 읽으십시오.",
        "offset_removed": "표본값의 일정한 오프셋(사운드 카드에서 생긴 것)을 분석 전에 제거했습니다.",
        "offset_stretch_removed": "일부 구간에서 표본값이 0에서 벗어나 있어 분석 전에 그 차이를 제거했습니다.",
        "audio_shorter_than_video": "소리가 영상보다 먼저 끝납니다.",
        "incomplete": "파일이 완전하지 않습니다.",
    },
    unknown_note="파일에 비고 {code}가 있습니다.",
    incomplete={
        "incomplete": "파일이 완전하지 않습니다: {declared} 중 {decoded}를 복호화할 수 있었습니다.",
        "audio_shorter_than_video": "소리가 영상보다 먼저 끝납니다: {declared} 중 {decoded}.",
    },
    channel_uses={
        TrackUse.ANALYSED: "분석함",
        TrackUse.COPY: "분석한 채널의 사본",
        TrackUse.SILENT: "무음",
        TrackUse.SKIPPED: "살펴보지 않음(채널 수 한도 초과)",
    },
    channel_list="트랙 {track}의 채널 {channels}: {use}.",
    quality={
        "narrow_band": "전화 대역",
        "clipping": "포화",
        "low_level": "매우 낮은 음량",
        "much_else": "음성 외에 다른 소리가 많음",
        "overlapped_speech": "여러 음성이 동시",
        "partial": "세그먼트보다 짧음",
    },
    quality_sentence="{total} 중 {seconds}에서 {what}: 주의해서 읽으십시오.",
    unscored_sentence="{total} 중 {seconds}는 판정할 수 없었습니다: {what}.",
    all_scored="분석한 소리의 모든 초를 판정했습니다.",
    none_scored="녹음의 어느 초도 판정할 수 없었습니다: {what}.",
    no_sound_seen="소리를 전혀 살펴보지 않았습니다.",
    times="약 {times}배",
    side_bonafide="사람, {times}×",
    side_spoof="합성, {times}×",
    side_even="도움 안 됨",
    metrics={
        "act_dcf": "실제 DCF",
        "hter_transferred": "HTER(옮겨 온 문턱값)",
        "eer": "동일 오류율(EER)",
        "cllr": "Cllr(0 완벽, 1 무용)",
        "min_cllr": "가능한 최소 Cllr",
        "auc": "ROC 곡선 아래 면적",
    },
    forbidden=(
        "가짜",
        "위조",
        "딥페이크",
        "진짜",
        "진본",
        "유죄",
        "범인",
        "증명",
        "일 확률",
        "아마",
        "확실",
        "틀림없",
        "%",
    ),
    limits=(
        "결과는 여기에 적힌 항목의, SHA-256이 제시된 바이트에만 관련됩니다.",
        "합성의 증거가 발견되지 않았다는 것은 음성이 편집되지 않았다거나 다른 사람이 흉내 낸 것이 아님을 보이지 "
        "않습니다.",
        "이 보고서는 누가 말하는지, 말이 사실인지, 일부가 잘리거나 재배열되었는지에 대해 아무것도 말하지 않습니다.",
        "이 방법이 아는 것은 학습과 시험에 쓰인 생성기와 녹음 조건입니다. 새로운 생성기, 강한 압축, 스피커를 통한 "
        "재녹음, 의도적 공격은 양쪽 방향으로 오도할 수 있습니다.",
        "1초의 소리가 말해 주는 것은 적습니다. 시간축의 낱칸은 들어 볼 만한 곳을 가리키며, 판정은 모든 말소리를 합친 "
        "것에 근거합니다.",
    ),
    provenance={
        ProvenanceState.ABSENT: "파일에 출처 정보(C2PA)가 없습니다.",
        ProvenanceState.TRUSTED: "파일에 그 바이트와 일치하는 출처 정보(C2PA)가 있으며, 서명자 "
        "{signer}은(는) 신뢰 목록에 있습니다.",
        ProvenanceState.VALID: "파일에 그 바이트와 일치하는 출처 정보(C2PA)가 있으며, 서명자는 "
        "{signer}입니다. 이 서명자를 여기서 보증하는 곳은 없습니다.",
        ProvenanceState.INVALID: "파일에 있는 출처 정보(C2PA)가 맞지 않습니다. 서명 뒤에 파일이 "
        "변경되었거나 정보가 손상되었습니다.",
        ProvenanceState.ELSEWHERE: "파일이 서버에 있는 출처 정보(C2PA)를 가리킵니다. 아무것도 "
        "가져오지 않았습니다.",
        ProvenanceState.UNREADABLE: "파일에 있는 출처 정보(C2PA)를 읽을 수 없었습니다.",
    },
    opinions={
        Opinion.AGREE: "감정인은 기계의 결과에 동의합니다.",
        Opinion.DISAGREE: "감정인은 기계의 결과에 동의하지 않습니다.",
        Opinion.INCONCLUSIVE: "감정인은 결론을 내리지 않습니다.",
    },
    labels={
        "derivation": "출처에서 음성까지, 단계별",
        "command": "명령줄",
        "step_input": "입력",
        "step_output": "출력",
        "machines": "기계",
        "requested_at": "요청 시각",
        "fact_http_status": "HTTP 상태",
        "fact_content_type": "콘텐츠 유형",
        "fact_content_length": "콘텐츠 길이",
        "fact_etag": "ETag",
        "fact_last_modified": "출처의 마지막 수정 시각",
        "fact_server_date": "서버 시각",
        "fact_final_url": "최종 주소",
        "fact_n_redirects": "리디렉션 횟수",
        "signature": "서명",
        "signed_by": "서명자",
        "certificate": "인증서의 SHA-256",
        "strongest": "가장 뚜렷하게 말해 주는 구간(초)",
        "clips": "이 보고서와 함께 저장된 음성 조각",
        "provenance": "파일 안의 출처 정보(C2PA)",
        "provenance_short": "출처 정보",
        "provenance_signer": "서명자(정보에 따름)",
        "provenance_signed_at": "서명 시각(정보에 따름)",
        "provenance_generator": "만든 도구(정보에 따름)",
        "provenance_claims": "주장",
        "provenance_problems": "맞지 않는 것",
        "provenance_tool": "읽은 도구",
        "provenance_trust": "신뢰 목록 SHA-256",
        "review": "감정인의 의견",
        "reviewed": "기계 출력, 감정인의 의견 포함",
        "examiner": "감정인",
        "reviewed_at": "의견 시각",
        "review_version": "버전",
        "review_about": "대상 JSON의 SHA-256",
        "review_key": "서명 키",
        "document_title": "합성 음성에 관한 보고서",
        "brand": "Voice Verity",
        "report_id": "보고서",
        "page": "쪽",
        "of": "/",
        "not_reviewed": "기계 출력, 감정인이 검토하지 않음",
        "finding": "소견",
        "not_examined": "살펴볼 수 없었던 것",
        "timeline": "초 단위 결과",
        "analysed": "분석한 것",
        "not_analysed": "항목",
        "item": "항목",
        "source": "출처",
        "file": "파일",
        "sha256": "SHA-256",
        "findings_sha256": "소견의 SHA-256",
        "duration": "길이",
        "sound": "소리",
        "voice": "판정한 말소리",
        "verdict": "판정",
        "method": "방법과 측정된 오류율",
        "propositions": "두 명제",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "지지 강도를 나타내는 말",
        "scale_times": "몇 배 더 나타나기 쉬운가",
        "scale_words": "지지",
        "rates": "이 방법이 얼마나 자주 틀리는가",
        "rates_condition": "시험 조건",
        "rates_voice": "말소리(이상)",
        "rates_rejected": "진짜를 합성이라 부름",
        "rates_accepted": "합성을 진짜라 부름",
        "rates_decided": "판단함",
        "rates_items": "항목(진짜 + 합성)",
        "rates_here": "여기 해당",
        "figures": "그 밖의 측정값",
        "figure_test": "시험",
        "figure_metric": "척도",
        "figure_value": "값",
        "segments": "세그먼트",
        "segment_time": "시간",
        "segment_where": "트랙.채널",
        "segment_variant": "듣기",
        "segment_count": "세그먼트 수",
        "segment_supports": "지지",
        "segment_llr": "LLR(범위)",
        "segment_voice": "말소리",
        "segment_remarks": "비고",
        "spans": "표시된 구간",
        "custody": "보관 이력과 처리",
        "models": "모델과 버전",
        "limits": "한계",
        "glossary": "용어",
        "verify": "이 보고서를 확인하는 방법",
        "end": "보고서 끝",
        "recorded": "녹음 그대로",
        "separated": "음성 분리",
        "separated_short": "분리",
        "legend_spoof": "합성 지지",
        "legend_bonafide": "사람 지지",
        "legend_even": "도움 안 됨",
        "legend_unscored": "판정 안 됨",
        "legend_span": "표시된 구간",
        "axis_bonafide": "사람",
        "axis_spoof": "합성",
        "track": "트랙",
        "channel": "채널",
        "acquired_at": "취득 일시",
        "acquired_by": "취득 도구",
        "source_version": "출처 버전",
        "original_name": "받은 이름",
        "customer": "의뢰인",
        "submitted_by": "제출자",
        "job": "작업",
        "laboratory": "시험소",
        "attempt": "시도",
        "item_id": "항목 번호",
        "item_labels": "라벨",
        "list_priority": "목록에서의 우선순위",
        "reused": "같은 바이트에 대한 이전 분석을 가져옴",
        "analysed_at": "분석 일시",
        "issued_at": "발행 일시",
        "failure": "무엇이 잘못되었나",
        "failure_code": "오류 코드",
        "failure_stage": "단계",
        "step": "절차",
        "tool": "도구",
        "seconds": "초",
        "model": "모델",
        "role": "역할",
        "provider": "실행 장치",
        "options": "옵션",
        "trained_on": "학습 데이터",
        "generators": "학습에 쓰인 생성기",
        "cutoff": "가장 새로운 학습 데이터",
        "languages": "학습에 쓰인 언어",
        "licence": "모델 이용 허락",
        "none": "없음",
        "unknown": "알 수 없음",
        "attachments": "이 PDF의 첨부",
        "attached_json": "모든 소견, 기계 판독 가능",
        "attached_csv": "세그먼트마다 한 행",
        "steps": "걸린 시간",
    },
    paragraphs={
        "spectrogram": "칸 아래: 소리 자체의 스펙트로그램(0~{top} kHz), 소리가 클수록 어둡습니다. "
        "들리는 소리를 보여 줄 뿐, 검출기가 무엇에 근거했는지를 보여 주지는 않습니다.",
        "spectrogram_alt": "그 아래에는 같은 소리의 0~{top} kHz 스펙트로그램이 있습니다.",
        "strongest_text": "녹음된 그대로의 초 가운데 양쪽으로 점수가 가장 멀리 떨어진 초의 일반 "
        "스펙트로그램(0~8 kHz, 아래쪽이 낮은 주파수)입니다. 소리를 보여 줄 뿐, 검출기가 근거로 "
        "삼은 것을 보여 주지 않습니다. 그것은 “explain” 옵션을 켠 경우에 표시됩니다. 1초만으로는 "
        "말할 수 있는 것이 적습니다.",
        "strongest_explained": "녹음된 그대로의 초 가운데 양쪽으로 점수가 가장 멀리 떨어진 초의 "
        "스펙트로그램(0~8 kHz, 아래쪽이 낮은 주파수)입니다. 1초를 이루는 {n}개 부분을 하나씩 "
        "가리고(그 초의 평균으로 바꾸고) 점수를 다시 구했습니다. 선 위의 파란 막대는 그 부분이 "
        "사람 쪽을, 선 아래의 주황 막대는 합성 쪽을 지지했음을 뜻하며, 가득 찬 막대는 LLR 변화 "
        "{reach}입니다. 이는 점수가 어디에서 나왔는지를 보여 줄 뿐, 무엇이 어디에서 만들어지거나 "
        "바뀌었는지를 보여 주지 않습니다. 부분들은 함께 작용하므로 변화량은 더해지지 않습니다. "
        "또한 가리는 것만으로도 사람의 음성이 합성 쪽으로 움직이기 쉬우므로 부분끼리 서로 "
        "비교하십시오. 1초만으로는 말할 수 있는 것이 적습니다.",
        "strongest_alt": "{time} 구간의 0~{top} kHz 스펙트로그램.",
        "occlusion_alt": "{n}개 부분을 하나씩 가렸을 때의 LLR 변화(시간 순): {changes}.",
        "derivation_text": "MEDIA는 가져온 파일을 뜻합니다. “decode” 뒤의 체크섬은 이 명령줄이 "
        "내보내는 바이트에 대한 것이고, “separate” 뒤의 체크섬은 마스크가 남긴 음성(float32 "
        "표본)에 대한 것입니다.",
        "cores": "코어 {n}개",
        "signed": "PDF와 JSON에는 서명이 있습니다. 서명이 유효하면 그 뒤로 한 바이트도 바뀌지 "
        "않은 것입니다. 열쇠를 누가 가졌는지는 인증서의 SHA-256으로만 알 수 있으니, 다른 경로로 "
        "받은 값과 비교하십시오.",
        "unsigned": "이 보고서는 서명 없이 만들어졌습니다.",
        "verify_signature": "서명. 이 PDF로, 또는 JSON과 그 옆의 .jws 파일로 verity verify를 "
        "실행하십시오. 어떤 PDF 뷰어나 JWS 라이브러리로도 확인할 수 있습니다.",
        "provenance_absence": "이런 정보가 없다는 것은 아무것도 뜻하지 않습니다. 대부분의 파일에는 "
        "없으며 쉽게 지울 수 있습니다.",
        "provenance_note": "서명자가 밝힌 내용은 확인하지 않았으며 결과의 일부가 아닙니다.",
        "provenance_synthetic": "서명자는 내용의 전부 또는 일부가 학습된 모델로 만들어졌다고 "
        "밝힙니다.",
        "review_note": "위의 기계 결과는 바뀌지 않았습니다. 의견은 감정인 자신의 것입니다.",
        "hp_bonafide": "음성은 사람의 말소리이며 녹음되고 전송된 것입니다.",
        "hp_spoof": "음성은 음성 합성 시스템이 만들었거나 변환한 것입니다.",
        "method": "소리를 {sample_rate} Hz로 복호화하고 {hop}마다 하나씩 {segment} 길이의 세그먼트로 자릅니다. 마스크 "
        "신경망이 음성이 있는 곳과 다른 소리의 양을 찾습니다. 음성이 있는 세그먼트는 검출기 “{model}”을 거치며, 그 점수는 "
        "따로 남겨 둔 녹음에서의 보정을 통해 우도비가 됩니다. 다른 소리를 포함한 녹음 그대로를 판정합니다. 세그먼트는 "
        "위치를 보이고, 판정은 판정된 모든 음성을 모읍니다.",
        "method_none": "아무것도 판정하지 않았으므로 방법이 적용되지 않았고 이 항목에 해당하는 오류율이 없습니다.",
        "decision": "판단 규칙: 판정된 음성이 {min_voiced} 이상 필요합니다. 모은 LLR이 {synthetic}보다 낮으면 음성을 "
        "합성이라 부르고, {no_evidence}보다 높으면 합성의 증거가 없다고 보고하며, 그 사이의 답은 결론 없음입니다. 연속된 "
        "판정 세그먼트 {span_window} 창의 모은 LLR이 {span}보다 낮고(한 채널의 음성이 60 s를 넘으면 ln(음성 초/60)을 "
        "빼서 더 엄격하게), 다른 음성이 {span_window} 이상 남아 그 모은 LLR이 {synthetic}보다 높으면 일부 합성이라 "
        "부릅니다. 그런 창이 있으나 이것이 성립하지 않으면 증거가 없다고는 결코 보고하지 않습니다. 이 규칙의 위험은 아래 "
        "표에 있으나, 표시된 구간은 표에 포함되지 않습니다.",
        "threshold": "{llr} ({side} 쪽으로 {times}배)",
        "cap": "이 보고서는 어떤 것도 {limit}배를 넘게 더 나타나기 쉽다고 하지 않습니다: 검증에 쓰인 독립적인 음성과 "
        "생성기가 그 이상을 뒷받침하기에는 너무 적었습니다.",
        "scale": "이 보고서는 소견이 한 명제에서 다른 명제보다 몇 배 더 나타나기 쉬운지를 말합니다. 명제가 얼마나 그럴듯한지는 "
        "말하지 않습니다: 그것은 사건에 대해 알려진 다른 모든 것에도 달려 있습니다. 1에 가까운 소견은 구별에 도움이 되지 "
        "않습니다.",
        "rates": "여기서 쓴 문턱값에서, 미결을 포함한 각 부류의 모든 시험 항목에 대한 비율입니다. 남겨 둔 시험은 "
        "모든 선택이 끝날 때까지 쓰지 않았습니다. 문턱값을 정한 곳에서는 비율이 실제보다 좋게 보입니다. 이 항목만큼의 "
        "음성을 가진 시험 중 두 비율의 합이 가장 큰 행이 해당합니다.",
        "timeline": "각 칸은 {cell}이며, 색은 소리가 어느 명제를 얼마나 강하게 지지하는지를 나타냅니다.",
        "timeline_lanes": "트랙.채널마다 한 줄, 판정한 경우 분리한 음성에 한 줄.",
        "timeline_curve": "선은 {window}의 이동 평균입니다.",
        "cell_one": "1초",
        "cell_many": "{length}",
        "declared": "; 컨테이너의 표시는 {declared}",
        "track": "트랙 {track}: {codec}, {rate} Hz, {channels}채널, 분석: {used}",
        "timeline_alt": "{total}의 시간축: 판정된 칸 중 {spoof}칸은 음성이 합성임을, {bonafide}칸은 사람이 말했음을 "
        "지지하고, {neither}칸은 도움이 되지 않으며, {unscored}칸은 판정할 수 없었습니다.",
        "segments_all": "모든 세그먼트에 행이 있습니다.",
        "segments_folded": "같은 것을 말하는 이웃 세그먼트는 한 행으로 접었습니다. 낱낱의 세그먼트는 첨부된 CSV와 JSON에 "
        "있습니다.",
        "segments_binned": "{n}개 세그먼트를 {window} 구간으로 접었습니다. 낱낱의 세그먼트는 첨부된 CSV와 JSON에 있습니다.",
        "segments_sign": "LLR은 우도비의 자연로그입니다(접은 행에서는 평균, 이어서 최소에서 최대): 양수는 사람이 말했음을, "
        "음수는 음성이 합성임을 지지합니다. “말소리”는 음성이 있는 시간의 비율입니다. 트랙과 채널은 여기서는 1부터, CSV와 "
        "JSON에서는 0부터 셉니다.",
        "segments_none": "판정된 세그먼트가 없습니다.",
        "verify_media": "매체. 파일의 SHA-256을 계산하여 1쪽의 값과 비교하십시오(예: sha256sum). 값이 다르면 다른 바이트가 "
        "분석된 것입니다.",
        "verify_findings": "소견. 첨부된 report.json에서 “findings”를 꺼내 정규형(RFC 8785)의 SHA-256을 계산하십시오. 아래 "
        "명령이 보이듯 아래 값과 같아야 합니다.",
        "verify_repeat": "반복. 같은 바이트를 같은 모델 파일(위의 SHA-256)과 옵션으로 같은 종류의 프로세서에서 다시 "
        "분석하십시오: 소견의 SHA-256이 같게 나옵니다.",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json(모든 소견, 기계 판독 가능, 스키마 report-v1)과 segments.csv(세그먼트마다 한 행).",
        "exclusions": "원본 파일은 변경되지 않았습니다. 이 보고서는 전체로만 복제할 수 있습니다.",
    },
    glossary=(
        ("Bona fide", "사람의 말소리를 녹음하고 전송한 것. 편집되거나 압축되었을 수 있습니다."),
        ("합성", "텍스트 음성 변환 또는 음성 변환으로 만든 말소리."),
        (
            "우도비(LR)",
            "소견이 한 명제에서 다른 명제보다 몇 배 더 나타나기 쉬운지. LLR은 그 자연로그이며, bona fide를 "
            "합성으로 나눈 것입니다.",
        ),
        ("세그먼트", "한 채널의 1초, 표시되는 단위."),
        ("CM 점수", "보정 전 검출기의 원시값. 높을수록 사람의 말소리에 가깝습니다."),
        ("모은", "판정된 모든 세그먼트를 합친 것. 판정은 여기에 근거합니다."),
        ("분리한 음성", "마스크로 다른 소리를 제거한 뒤의 녹음."),
        ("SHA-256", "파일의 한 비트만 바뀌어도 달라지는 검사값."),
    ),
)
