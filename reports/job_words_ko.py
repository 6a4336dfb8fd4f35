"""Every sentence of a job's report in Korean."""

from typing import Final

from reports.job_words import JobWords

JOB_KOREAN: Final = JobWords(
    language="ko",
    outcomes={
        "synthetic": "합성의 증거 있음",
        "partly_synthetic": "일부에 합성의 증거 있음",
        "inconclusive": "판단 불가",
        "no_evidence": "합성의 증거 없음",
        "not_applicable": "해당 없음",
        "failed": "분석되지 않음",
        "cancelled": "취소됨",
        "open": "진행 중",
    },
    changes={
        "verdict": "다른 답",
        "failed": "이번에 분석되지 않음",
        "recovered": "이번에 분석됨",
        "content": "다른 바이트",
        "new": "새 항목",
        "gone": "더 이상 목록에 없음",
        "same": "이전과 같음",
    },
    labels={
        "document_title": "작업 보고서",
        "job": "작업",
        "job_number": "번호",
        "name": "이름",
        "sources": "출처",
        "submitted": "의뢰 시각",
        "ended": "종료 시각",
        "account": "계정",
        "items": "항목",
        "counts": "항목의 결과",
        "outcome": "결과",
        "share": "비율",
        "heat_map": "시간에 따른 모든 항목",
        "strongest": "가장 강한 소견",
        "item": "항목",
        "title": "제목",
        "supports": "지지",
        "stretches": "표시 구간",
        "links": "링크",
        "report": "보고서",
        "source": "출처",
        "no_answer": "(더 확실한) 답이 없는 이유",
        "reason": "이유",
        "failures": "이유별 실패",
        "example": "예",
        "duplicates": "여러 번 나온 같은 파일",
        "near": "같은 녹음일 수 있음",
        "alike": "같은 방식으로 만들어졌을 수 있음",
        "first": "그중 첫째",
        "numbers": "번호",
        "likeness": "유사도",
        "compared": "이전 작업과의 비교",
        "change": "변화",
        "before": "이전",
        "now": "현재",
        "limits": "한계",
        "attachments": "이 PDF의 첨부",
        "end": "보고서 끝",
        "rows_from": "항목부터",
        "legend_share": "그곳에서 합성을 지지하는 항목, 100개 중",
    },
    sentences={
        "headline_found": "{total}개 항목 중 {n}개에서 합성의 증거가 발견되었습니다.",
        "headline_none": "판단된 {total}개 항목에서 합성의 증거가 발견되지 않았습니다.",
        "headline_not_judged": "{total}개 항목 중 어느 것도 판단할 수 없었습니다.",
        "headline_empty": "이 작업에는 항목이 없습니다.",
        "open": "작업이 끝나지 않았습니다. {n}개 항목이 아직 진행 중이며 어느 목록에도 없습니다.",
        "expected": "판단된 {judged}개 항목에서 모두 사람이 말했더라도 약 {n}개는 합성이라고 불릴 것입니다. "
        "각 항목 보고서의 오류율에 따르면 이 방법은 그만큼 틀립니다.",
        "heat_single": "목록 순서대로 한 줄이 한 항목입니다. 한 칸은 소리 {cell}이며, 색은 항목 보고서와 "
        "같이 무엇을 지지하는지 나타냅니다.",
        "heat_many": "목록 순서대로 이웃한 항목 약 {n}개씩 {rows}줄입니다. 한 칸은 소리 {cell}이며, 색은 "
        "그곳에서 판단된 항목 중 합성을 지지하는 항목이 얼마나 되는지 나타냅니다. 한 칸만으로는 오해할 수 "
        "있습니다. 눈에 띄는 줄이나 열이 살펴볼 곳입니다.",
        "heat_later": "마지막 열에는 {end} 이후의 모든 것도 들어 있습니다.",
        "heat_alt": "항목 {n}개, 소리 {total}의 히트맵, {rows}줄 {columns}열.",
        "strongest": "전체 또는 표시 구간의 소견이 합성을 가장 강하게 지지하는 {n}개 항목입니다. 모든 항목은 "
        "스프레드시트에 있고 각자의 보고서가 있습니다.",
        "strongest_none": "없습니다.",
        "duplicates": "{groups}개 묶음의 {items}개 항목은 바이트까지 같은 파일입니다.",
        "known": "{n}개 항목은 이 계정의 이전 작업에서 이미 분석되었습니다.",
        "near": "{groups}개 묶음의 {items}개 항목은 바이트는 다르지만 초 단위로 비슷하게 들립니다. 다른 "
        "형식의 같은 녹음일 수 있습니다.",
        "near_trust": "10 s 길이의 항목으로 측정: 변형된 사본 중 이렇게 찾아지는 비율은 {kept}입니다. 항목 "
        "100개 중 {strangers}개는 다른 녹음이 그만큼 비슷합니다.",
        "alike": "가장 강한 소견 {n}개 중 {groups}개 묶음의 {items}개 항목이 서로 가깝습니다. 같은 방식으로 "
        "만들어졌을 수 있습니다.",
        "alike_trust": "이 방법이 접하지 못한 시스템으로 측정: 그런 쌍 100개 중 {right}개가 한 시스템의 "
        "것입니다. 어디를 들어 볼지에 대한 단서일 뿐 소견이 아닙니다.",
        "not_measured": "이 검출기에 대해서는 얼마나 믿을 수 있는지 측정되지 않았습니다.",
        "none_alike": "발견되지 않았습니다.",
        "compared": "{date}의 작업 {job}과 비교했습니다. {same}개 항목은 이전과 같습니다.",
        "compared_none": "같은 출처나 이름의 이전 작업이 없습니다.",
        "more": "{n}개가 더 스프레드시트에 있습니다.",
        "more_groups": "{n}개 묶음이 더 스프레드시트에 있습니다.",
        "attached": "job.json: 여기에 있는 모든 것, 기계 판독용.",
    },
    sheets={
        "summary": "요약",
        "items": "항목",
        "strongest": "가장 강한 소견",
        "failures": "실패",
        "duplicates": "같은 파일",
        "near": "같은 녹음",
        "alike": "같은 방식",
        "compared": "비교",
    },
    copies={
        "web": "웹 코덱",
        "degraded": "심하게 저하됨",
        "clean, cut 0.5 s later": "0.5초 늦게 자름",
    },
    limits=(
        "이 보고서는 세고 가리킬 뿐입니다. 항목에서 무엇이 발견되었고 얼마나 강하며 그런 결과가 얼마나 자주 "
        "틀리는지는 항목의 보고서에 있습니다.",
        "항목이 많으면 일부는 잘못 합성이라고 불리고 일부 합성은 놓칩니다. 같은 작업의 다른 항목 때문에 어떤 "
        "항목이 더 의심스러운 것은 아닙니다.",
        "항목 간의 유사성은 합성의 증거가 아니며, 한 시스템이나 한 사람이 만들었다는 증거도 아닙니다.",
    ),
)
