"""Every sentence of a job's report in Japanese."""

from typing import Final

from reports.job_words import JobWords

JOB_JAPANESE: Final = JobWords(
    language="ja",
    outcomes={
        "synthetic": "合成の証拠あり",
        "partly_synthetic": "一部に合成の証拠あり",
        "inconclusive": "判断できない",
        "no_evidence": "合成の証拠なし",
        "not_applicable": "対象外",
        "failed": "分析されず",
        "cancelled": "取り消し",
        "open": "未処理",
    },
    changes={
        "verdict": "別の答え",
        "failed": "今回は分析されず",
        "recovered": "今回は分析された",
        "content": "別のバイト列",
        "new": "新規",
        "gone": "一覧になし",
        "same": "前と同じ",
    },
    labels={
        "document_title": "ジョブの報告書",
        "job": "ジョブ",
        "job_number": "番号",
        "name": "名前",
        "sources": "出所",
        "submitted": "依頼日時",
        "ended": "終了日時",
        "account": "アカウント",
        "items": "項目",
        "counts": "項目の結果",
        "outcome": "結果",
        "share": "割合",
        "heat_map": "時間で見た全項目",
        "strongest": "最も強い所見",
        "item": "項目",
        "title": "題名",
        "supports": "支持",
        "stretches": "印の区間",
        "links": "リンク",
        "report": "報告書",
        "source": "出所",
        "no_answer": "（より確かな）答えがない理由",
        "reason": "理由",
        "failures": "理由別の失敗",
        "example": "例",
        "duplicates": "同じファイルの重複",
        "near": "同じ録音の可能性",
        "alike": "同じ作り方の可能性",
        "first": "その最初",
        "numbers": "番号",
        "likeness": "類似度",
        "compared": "前のジョブとの比較",
        "change": "変化",
        "before": "以前",
        "now": "現在",
        "limits": "限界",
        "attachments": "このPDFの添付",
        "end": "報告書の終わり",
        "rows_from": "項目から",
        "legend_share": "そこで合成を支持する項目、100件中",
    },
    sentences={
        "headline_found": "{total}件の項目のうち{n}件で合成の証拠が見つかりました。",
        "headline_none": "判定された{total}件の項目に合成の証拠は見つかりませんでした。",
        "headline_not_judged": "{total}件の項目はどれも判定できませんでした。",
        "headline_empty": "このジョブに項目はありません。",
        "open": "ジョブは終わっていません。{n}件の項目が未処理で、どの一覧にもありません。",
        "expected": "判定された{judged}件の項目すべてで人が話していたとしても、約{n}件は合成と呼ばれます。各項目の"
        "報告書の誤り率によれば、この方法はそれだけ誤ります。",
        "heat_single": "一覧の順に1行が1項目です。1マスは音{cell}で、色は項目の報告書と同じく何を支持するかを示し"
        "ます。",
        "heat_many": "一覧の順に、隣り合う約{n}件ずつの{rows}行です。1マ"
        "スは音{cell}で、色はそこで判定された項目のうち"
        "合成を支持するものがどれだけあるかを示します。1マスだけでは誤解を招きます。目立つ行や列が見るべき所です。",
        "heat_later": "最後の列には{end}より後のすべても含まれます。",
        "heat_alt": "{n}件の項目、音{total}のヒートマップ、{rows}行{columns}列。",
        "strongest": "全体または印の区間の所見が合成を最も強く支持する{n}件"
        "の項目です。すべての項目は表計算ファイルにあり、"
        "それぞれの報告書があります。",
        "strongest_none": "ありません。",
        "duplicates": "{groups}組の{items}件の項目はバイト単位で同じファイルです。",
        "known": "{n}件の項目はこのアカウントの以前のジョブで分析済みでした。",
        "near": "{groups}組の{items}件の項目はバイト列は違いますが、1"
        "秒ごとに似て聞こえます。別の形の同じ録音の可能性が"
        "あります。",
        "near_trust": "10 sの項目で測定：変形した複製のうちこうして見つかる割合は{"
        "kept}です。項目100件中{strangers}件に"
        "は、別の録音が同じほど似ています。",
        "alike": "最も強い所見{n}件のうち、{groups}組の{items}件の項"
        "目が互いに近くにあります。同じ作り方の可能性があり"
        "ます。",
        "alike_trust": "この方法が知らないシステムで測定：そのような組100件中{r"
        "ight}件が同じシステムのものです。どこを聞くかの"
        "手がかりであり、所見ではありません。",
        "not_measured": "この検出器についてどれほど信頼できるかは測定されていません。",
        "none_alike": "見つかりませんでした。",
        "compared": "{date}のジョブ{job}と比べました。{same}件の項目は前と同じです。",
        "compared_none": "同じ出所や名前の以前のジョブはありません。",
        "more": "さらに{n}件が表計算ファイルにあります。",
        "more_groups": "さらに{n}組が表計算ファイルにあります。",
        "attached": "job.json：ここにあるすべて、機械可読。",
    },
    sheets={
        "summary": "概要",
        "items": "項目",
        "strongest": "最も強い所見",
        "failures": "失敗",
        "duplicates": "同じファイル",
        "near": "同じ録音",
        "alike": "同じ作り方",
        "compared": "比較",
    },
    copies={
        "web": "ウェブのコーデック",
        "degraded": "強い劣化",
        "clean, cut 0.5 s later": "0.5秒遅れて切り出し",
    },
    limits=(
        "この報告書は数えて示すだけです。項目で何が見つかり、どれほど強く、そう"
        "した結果がどれほど誤るかは、項目の報告書に"
        "あります。",
        "多くの項目の中には、誤って合成と呼ばれるものも、見逃される合成もあります。"
        "同じジョブの他の項目のために、ある項目がより"
        "疑わしくなることはありません。",
        "項目の類似は合成の証拠ではなく、一つのシステムや人が作ったという証拠でもありません。",
    ),
)
