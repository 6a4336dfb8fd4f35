"""Every sentence of a report in Japanese."""

# ruff: noqa: E501 -- counts wide letters as two columns

from typing import Final

from pipeline.vocabulary import ProvenanceState, Reason, TrackUse, VerdictKind
from reports.error_words_ja import MEANINGS
from reports.opinion import Opinion
from reports.scale import Step
from reports.words import Script, Words

JAPANESE: Final = Words(
    language="ja",
    script=Script.CJK,
    share="100件中{number}件",
    between="{low}～{high}",
    span_channel="チャンネル{place}",
    bytes_form="{number}バイト",
    headlines={
        VerdictKind.NO_EVIDENCE: "音声に合成の証拠は見つかりませんでした。",
        VerdictKind.SYNTHETIC: "音声に合成の証拠が見つかりました。",
        VerdictKind.PARTLY_SYNTHETIC: "音声の一部に合成の証拠が見つかりました。",
        VerdictKind.INCONCLUSIVE: "結論なし：音声が合成かどうかは判断できません。",
        VerdictKind.NOT_APPLICABLE: "対象外：判定できる音声がありません。",
    },
    failed_headline="分析されていません：この項目については何も言えません。",
    reasons={
        Reason.NONE: "",
        Reason.NO_AUDIO: "ファイルに音声トラックがありません。",
        Reason.SILENCE: "録音は無音です。",
        Reason.NO_SPEECH: "音はありますが、話し声は見つかりませんでした。",
        Reason.TOO_SHORT: "話し声が1秒未満で、何かを言うには短すぎます。",
        Reason.MUSIC: "録音には音楽がありますが、話し声は見つかりませんでした。",
        Reason.NOISE: "録音には雑音がありますが、話し声は見つかりませんでした。",
        Reason.TONE: "録音には純音がありますが、話し声は見つかりませんでした。",
        Reason.CLIPPED: "音が全体にわたり飽和しています：すべての標本が最大値です。",
        Reason.NOT_FINITE: "ファイルに数値でない標本値が含まれています。",
        Reason.LITTLE_VOICE: "判断するには話し声が少なすぎます（{voiced}）。",
        Reason.WEAK_EVIDENCE: "所見は、この方法が判断するには誤りすぎる範囲にあります。",
        Reason.VARIANTS_DISAGREE: "録音そのままと分離した音声とが同じ判断に至らなかったため、判断しませんでした。",
        Reason.OVERLAPPED_SPEECH: "判断した秒の大部分で複数の声が同時に話しています。所見は最も大きい声のもので、"
        "ほかの声についてはほとんど何も示さないため、判断しませんでした。",
        Reason.OUT_OF_SCOPE: "録音は、この方法が試験されたどの録音にも似ていません。",
    },
    segment_reasons={
        Reason.NONE: "未採点",
        Reason.NO_AUDIO: "音声なし",
        Reason.SILENCE: "無音",
        Reason.NO_SPEECH: "話し声なし",
        Reason.TOO_SHORT: "話し声が少なすぎる",
        Reason.MUSIC: "話し声のない音楽",
        Reason.NOISE: "話し声のない雑音",
        Reason.TONE: "話し声のない純音",
        Reason.CLIPPED: "全体が飽和",
        Reason.NOT_FINITE: "数値でない標本",
        Reason.LITTLE_VOICE: "話し声が少ない",
        Reason.WEAK_EVIDENCE: "弱い所見",
        Reason.VARIANTS_DISAGREE: "二つの聴き方が不一致",
        Reason.OVERLAPPED_SPEECH: "複数の声が同時",
        Reason.OUT_OF_SCOPE: "方法の適用範囲外",
    },
    steps={
        Step.EVEN: "判別の助けにならない",
        Step.WEAK: "弱い",
        Step.MODERATE: "中程度の",
        Step.MODERATELY_STRONG: "やや強い",
        Step.STRONG: "強い",
        Step.VERY_STRONG: "非常に強い",
    },
    strength_bonafide="所見は、音声が合成である場合より、人が話した場合に{times}得られやすいものです："
    "「人が話した」という命題を支持する{step}所見です。",
    strength_spoof="所見は、人が話した場合より、音声が合成である場合に{times}得られやすいものです："
    "「音声は合成である」という命題を支持する{step}所見です。",
    strength_even="所見は、音声が合成でも人が話したものでもほぼ同じように得られます：判別の助けになりません。",
    strength_capped="これはこの方法の検証が支えられる上限です。",
    spans_sentence="印をつけた箇所：{spans}（{total}のうち{seconds}）。",
    in_channels="{n}チャンネル合計{total}",
    more_spans="ほか{count}箇所",
    strongest_span="最も多くを語る区間では：{strength}",
    separated_sentence="ほかの音から分離した音声では：{strength}",
    rates_sentence="このような結果がどれほど誤らせるか（測定条件：{condition}）：本物を合成と呼んだ割合は"
    "{rejected}（{n_bonafide}件中）、合成を本物と呼んだ割合は{accepted}（{n_spoof}件中）、"
    "判断に至ったのは{decided}です。",
    conditions={
        "fold 4 (never chosen on)": "取り置いた試験（第4組）",
        "inner folds (calibration and thresholds of the other folds)": "内側の試験（他の組の較正としきい値）",
        "clean": "明瞭な音",
        "web": "ウェブのコーデック",
        "degraded": "劣化した音",
    },
    condition_voice="話し声{voice}以上",
    span_rates="印をつけた区間の誤り率は、そのしきい値を決めた場所を除き、測定されていません：そこ（内側の分割）"
    "では60秒の本物の項目100件のうち多くても1件に誤った区間が現れます。合成の区間をどれほど見落とすか、"
    "取り置いた試験でどうなるかは測定されていません。",
    no_rates="この種の録音とこの量の話し声については、誤り率は測定されていません。",
    likeness_named="この方法が知るシステムのうち、合成音声は{system}に最も似ていますが、どれでもないこともあり得ます："
    "一度も出会っていないシステムでも{rate}に名前が付きます。類似は所見の証拠ではありません。",
    likeness_unknown="この方法が知るどのシステムにも、名を挙げるほどには似ていません：システムは不明です。",
    systems={"codec": "ニューラルコーデックを通した声"},
    errors=MEANINGS,
    unknown_error="この項目は分析できませんでした（エラーコード {code}）。",
    notes={
        "extension_mismatch": "ファイル名の拡張子が内容と合いません。内容を分析しました。",
        "metadata_capped": "ファイルのメタデータが読み取り上限を超えています。残りは省きました。",
        "decode_errors": "ファイルの一部が壊れています。復号できた部分を分析しました。",
        "not_finite": "ファイルに数値でない標本値が含まれています。それらは除きました。",
        "duration_estimated": "",
        "track_out_of_bounds": "ファイルの音声トラックの一つは読み取れないか、記載が事実と異なります。ほかのトラックを分析しました。",
        "low_bit_rate": "音声は電話やボイスメモ並みの低いビットレートで保存されています。このような音声では本物の声を合成と判定することが多くなるため、その点を踏まえて結果をお読みください。",
        "overlapped_speech": "複数の声が同時に話している箇所では、所見は最も大きい声のものです。"
        "同じ大きさの本物の声と合成された声の組では、この方法は52 %を合成と判断しました。",
        "reverberant": "音声に部屋や離れたマイクによる長い残響があります。このような音声では本物の声を合成と判定することが多くなるため、"
        "その点を踏まえて結果をお読みください。",
        "offset_removed": "標本値の一定のオフセット（サウンドカードによるもの）を分析の前に除きました。",
        "offset_stretch_removed": "一部の区間で標本値がゼロからずれていたため、分析の前にそのずれを除きました。",
        "audio_shorter_than_video": "音声は映像より先に終わります。",
        "incomplete": "ファイルは不完全です。",
    },
    unknown_note="ファイルに注記 {code} があります。",
    incomplete={
        "incomplete": "ファイルは不完全です：{declared}のうち{decoded}を復号できました。",
        "audio_shorter_than_video": "音声は映像より先に終わります：{declared}のうち{decoded}。",
    },
    channel_uses={
        TrackUse.ANALYSED: "分析済み",
        TrackUse.COPY: "分析したチャンネルの複製",
        TrackUse.SILENT: "無音",
        TrackUse.SKIPPED: "未検査（チャンネル数の上限超過）",
    },
    channel_list="トラック{track}のチャンネル{channels}：{use}。",
    quality={
        "narrow_band": "電話帯域",
        "clipping": "飽和",
        "low_level": "非常に低い音量",
        "much_else": "声のほかに多くの音",
        "overlapped_speech": "複数の声が同時",
        "partial": "セグメントより短い",
    },
    quality_sentence="{total}のうち{seconds}で{what}：注意して読んでください。",
    unscored_sentence="{total}のうち{seconds}は判定できませんでした：{what}。",
    all_scored="分析した音のすべての秒を判定しました。",
    none_scored="録音のどの秒も判定できませんでした：{what}。",
    no_sound_seen="音はまったく調べられていません。",
    times="約{times}倍",
    side_bonafide="人、{times}×",
    side_spoof="合成、{times}×",
    side_even="助けにならない",
    metrics={
        "act_dcf": "実際の DCF",
        "hter_transferred": "HTER（移したしきい値）",
        "eer": "等価誤り率（EER）",
        "cllr": "Cllr（0 完全、1 無用）",
        "min_cllr": "可能な最小Cllr",
        "auc": "ROC曲線下面積",
    },
    forbidden=(
        "偽物",
        "フェイク",
        "偽造",
        "本物",
        "真正",
        "有罪",
        "犯人",
        "証明",
        "である確率",
        "おそらく",
        "確実",
        "間違いなく",
        "%",
        "％",
    ),
    limits=(
        "結果は、ここに名を挙げた項目の、SHA-256を示したバイト列だけに関するものです。",
        "合成の証拠が見つからないことは、音声が編集されていないことも、別の人が声をまねていないことも示しません。",
        "この報告書は、誰が話しているか、言葉が事実か、一部が切られたり並べ替えられたりしたかについては何も述べません。",
        "この方法が知るのは、訓練と試験に使った生成器と録音条件です。新しい生成器、強い圧縮、スピーカーを通した再録音、"
        "意図的な攻撃は、どちらの方向にも誤らせることがあります。",
        "1秒の音が語ることはわずかです。時間軸の個々のセルは聴く価値のある箇所を示すもので、判定はすべての話し声を"
        "合わせたものに基づきます。",
    ),
    provenance={
        ProvenanceState.ABSENT: "ファイルに来歴情報（C2PA）はありません。",
        ProvenanceState.TRUSTED: "ファイルにはそのバイト列と一致する来歴情報（C2PA）があり、署名者 "
        "{signer} は信頼リストに載っています。",
        ProvenanceState.VALID: "ファイルにはそのバイト列と一致する来歴情報（C2PA）があり、署名者は "
        "{signer} です。この署名者を保証する者はここにはいません。",
        ProvenanceState.INVALID: "ファイルの来歴情報（C2PA）は一致しません。署名の後にファイルが変"
        "更されたか、情報が壊れています。",
        ProvenanceState.ELSEWHERE: "ファイルはサーバー上の来歴情報（C2PA）を指していますが、何も取"
        "得していません。",
        ProvenanceState.UNREADABLE: "ファイルの来歴情報（C2PA）を読み取れませんでした。",
    },
    opinions={
        Opinion.AGREE: "鑑定人は機械の所見に同意します。",
        Opinion.DISAGREE: "鑑定人は機械の所見に同意しません。",
        Opinion.INCONCLUSIVE: "鑑定人は結論を出しません。",
    },
    labels={
        "derivation": "入手元から音声までの各段階",
        "command": "コマンドライン",
        "step_input": "入力",
        "step_output": "出力",
        "machines": "使用した機械",
        "requested_at": "依頼日時",
        "fact_http_status": "HTTP ステータス",
        "fact_content_type": "コンテンツの種類",
        "fact_content_length": "コンテンツの長さ",
        "fact_etag": "ETag",
        "fact_last_modified": "入手元での最終更新",
        "fact_server_date": "サーバーの時刻",
        "fact_final_url": "最終アドレス",
        "fact_n_redirects": "リダイレクト回数",
        "signature": "署名",
        "signed_by": "署名者",
        "certificate": "証明書の SHA-256",
        "strongest": "最もはっきり物語る秒",
        "clips": "この報告書とともに保存された音声片",
        "provenance": "ファイル内の来歴情報（C2PA）",
        "provenance_short": "来歴情報",
        "provenance_signer": "署名者（情報による）",
        "provenance_signed_at": "署名日時（情報による）",
        "provenance_generator": "作成ツール（情報による）",
        "provenance_claims": "申告",
        "provenance_problems": "一致しない点",
        "provenance_tool": "読み取りツール",
        "provenance_trust": "信頼リストの SHA-256",
        "review": "鑑定人の意見",
        "reviewed": "機械の出力、鑑定人の意見付き",
        "examiner": "鑑定人",
        "reviewed_at": "意見の日時",
        "review_version": "版",
        "review_about": "対象の JSON の SHA-256",
        "review_key": "署名に用いた鍵",
        "document_title": "合成音声に関する報告書",
        "brand": "Voice Verity",
        "report_id": "報告書",
        "page": "ページ",
        "of": "/",
        "not_reviewed": "機械による出力、鑑定人は未確認",
        "finding": "所見",
        "not_examined": "調べられなかったもの",
        "timeline": "秒ごとの結果",
        "analysed": "分析したもの",
        "not_analysed": "項目",
        "item": "項目",
        "source": "出所",
        "file": "ファイル",
        "sha256": "SHA-256",
        "findings_sha256": "所見のSHA-256",
        "duration": "長さ",
        "sound": "音",
        "voice": "判定した話し声",
        "verdict": "判定",
        "method": "方法と測定された誤り率",
        "propositions": "二つの命題",
        "hp_bonafide": "Hb",
        "hp_spoof": "Hs",
        "scale": "支持の強さを表す言葉",
        "scale_times": "何倍得られやすいか",
        "scale_words": "支持",
        "rates": "この方法がどれほど誤るか",
        "rates_condition": "試験条件",
        "rates_voice": "話し声（以上）",
        "rates_rejected": "本物を合成と呼んだ",
        "rates_accepted": "合成を本物と呼んだ",
        "rates_decided": "判断あり",
        "rates_items": "項目数（本物＋合成）",
        "rates_here": "ここに該当",
        "figures": "その他の測定値",
        "figure_test": "試験",
        "figure_metric": "尺度",
        "figure_value": "値",
        "segments": "セグメント",
        "segment_time": "時間",
        "segment_where": "トラック.チャンネル",
        "segment_variant": "聴き方",
        "segment_count": "セグメント数",
        "segment_supports": "支持",
        "segment_llr": "LLR（範囲）",
        "segment_voice": "話し声",
        "segment_remarks": "備考",
        "spans": "印をつけた区間",
        "custody": "来歴と処理",
        "models": "モデルと版",
        "limits": "限界",
        "glossary": "用語",
        "verify": "この報告書の確かめ方",
        "end": "報告書の終わり",
        "recorded": "録音そのまま",
        "separated": "音声を分離",
        "separated_short": "分離",
        "legend_spoof": "合成を支持",
        "legend_bonafide": "人を支持",
        "legend_even": "助けにならない",
        "legend_unscored": "判定なし",
        "legend_span": "印をつけた区間",
        "axis_bonafide": "人",
        "axis_spoof": "合成",
        "track": "トラック",
        "channel": "チャンネル",
        "acquired_at": "取得日時",
        "acquired_by": "取得手段",
        "source_version": "出所の版",
        "original_name": "与えられた名前",
        "customer": "依頼者",
        "submitted_by": "提出者",
        "job": "ジョブ",
        "laboratory": "検査機関",
        "attempt": "試行",
        "item_id": "項目番号",
        "item_labels": "ラベル",
        "list_priority": "リスト内の優先度",
        "reused": "同一バイトの以前の分析から引用",
        "analysed_at": "分析日時",
        "issued_at": "発行日時",
        "failure": "何がうまくいかなかったか",
        "failure_code": "エラーコード",
        "failure_stage": "段階",
        "step": "手順",
        "tool": "ツール",
        "seconds": "秒",
        "model": "モデル",
        "role": "役割",
        "provider": "実行先",
        "options": "オプション",
        "trained_on": "訓練データ",
        "generators": "訓練に使った生成器",
        "cutoff": "最も新しい訓練データ",
        "languages": "訓練に使った言語",
        "licence": "モデルの許諾",
        "none": "なし",
        "unknown": "不明",
        "attachments": "このPDFの添付",
        "attached_json": "すべての所見（機械可読）",
        "attached_csv": "セグメントごとに一行",
        "steps": "所要時間",
    },
    paragraphs={
        "spectrogram": "セルの下：音そのもののスペクトログラム（0～{top} kHz）。音が大きいほど濃く"
        "示します。聞こえる音を示すもので、検出器が何を根拠としたかを示すものではありません。",
        "spectrogram_alt": "その下に同じ音の 0～{top} kHz のスペクトログラムがあります。",
        "strongest_text": "録音のままの秒のうち、両側で値が最も離れた秒の通常のスペクトログラム（"
        "0～8 kHz、下が低い周波数）です。音を示すもので、検出器が何に基づいたかを示すものではあり"
        "ません。それはオプション「explain」を指定した場合に示されます。1 秒だけから言えることは"
        "わずかです。",
        "strongest_explained": "録音のままの秒のうち、両側で値が最も離れた秒のスペクトログラム（0"
        "～8 kHz、下が低い周波数）です。1 秒を分けた {n} 個の部分を一つずつ隠し（その秒の平均に置"
        "き換え）、値を求め直しました。線より上の青い棒はその部分が人を、線より下の橙の棒は合成を"
        "支持したことを示し、いっぱいの棒は LLR の変化 {reach} です。これは値がどこから来たかを示"
        "すもので、何かがどこで作られたか、変えられたかを示すものではありません。部分は互いに働き"
        "合うため、変化は足し合わせられません。また、隠すこと自体が人の声を合成の側へ動かしがちな"
        "ので、部分どうしを比べてください。1 秒だけから言えることはわずかです。",
        "strongest_alt": "{time} の 1 秒のスペクトログラム、0～{top} kHz。",
        "occlusion_alt": "{n} 個の部分を一つずつ隠したときの LLR の変化（時間順）：{changes}。",
        "derivation_text": "MEDIA は取得したファイルを表します。「decode」の後のチェックサムはこの"
        "コマンドラインが書き出すバイト列、「separate」の後のチェックサムはマスクが残した音声（"
        "float32 の標本）から計算したものです。",
        "cores": "{n} コア",
        "signed": "PDF と JSON には署名があります。署名が有効であれば、その後 1 バイトも変わってい"
        "ません。鍵の持ち主は証明書の SHA-256 によってのみ分かります。別の経路で受け取った値と比べ"
        "てください。",
        "unsigned": "この報告書は署名なしで作成されました。",
        "verify_signature": "署名。この PDF、または JSON とその隣の .jws ファイルに対して verity "
        "verify を実行してください。どの PDF 閲覧ソフトや JWS ライブラリでも確認できます。",
        "provenance_absence": "このような情報がないことは何も意味しません。ほとんどのファイルにはな"
        "く、容易に取り除けます。",
        "provenance_note": "署名者の申告は確認しておらず、所見の一部ではありません。",
        "provenance_synthetic": "署名者は、内容の全部または一部が学習済みモデルで作られたと申告して"
        "います。",
        "review_note": "上の機械の所見は変わっていません。意見は鑑定人自身のものです。",
        "hp_bonafide": "音声は人の話し声であり、録音され伝送されたものです。",
        "hp_spoof": "音声は音声合成システムによって作られたか変換されたものです。",
        "method": "音を{sample_rate} Hzに復号し、{hop}ごとに{segment}のセグメントに切ります。マスクのネットワークが"
        "声のある場所とほかの音の量を見つけます。声のあるセグメントは検出器「{model}」を通り、その得点は取り置いた録音での"
        "較正によって尤度比に変えられます。判定するのは、ほかの音を含む録音そのままです。セグメントは場所を示し、判定は"
        "すべての判定済みの声をまとめたものです。",
        "method_none": "何も判定していないため、方法は適用されず、この項目に当てはまる誤り率はありません。",
        "decision": "判断規則：判定した声が{min_voiced}以上必要です。まとめたLLRが{synthetic}より低いとき、声は合成と"
        "呼ばれます。{no_evidence}より高いとき、合成の証拠なしと報告します。その間の答えは結論なしです。連続する判定済み"
        "セグメントの{span_window}の窓でまとめたLLRが{span}より低く（一つのチャンネルに60秒を超える声があれば、"
        "ln(声の秒数/60)を引いてより厳しく）、ほかに{span_window}以上の声が残り、そのまとめたLLRが{synthetic}より"
        "高いとき、一部が合成と呼ばれます。そのような窓がありこれが成り立たないとき、証拠なしとは決して報告しません。"
        "この規則の危険は下の表に示しますが、印をつけた区間は表に含まれません。",
        "threshold": "{llr}（{side}に{times}倍有利）",
        "cap": "この報告書では何も{limit}倍より多く得られやすいとは呼びません：検証に使えた独立の声と生成器が、それ以上を"
        "支えるには少なすぎました。",
        "scale": "この報告書は、所見が一方の命題のもとで他方より何倍得られやすいかを述べます。命題がどれほど確からしいかは"
        "述べません：それは事案について知られているほかのすべてにもよります。1に近い所見は判別の助けになりません。",
        "rates": "ここで用いたしきい値での、未決も含めた各クラスの全試験項目に対する割合です。取り置いた試験は、"
        "すべての選択が終わるまで使われませんでした。しきい値を決めた場所では率は良く見えすぎます。この項目と同じ量の"
        "声を含む試験のうち、二つの率の和が最大の行が該当します。",
        "timeline": "各セルは{cell}です。色は、音がどちらの命題をどれほど強く支持するかを表します。",
        "timeline_lanes": "トラック.チャンネルごとに一行、判定した場合は分離した声にも一行。",
        "timeline_curve": "線は{window}の移動平均です。",
        "cell_one": "1秒",
        "cell_many": "{length}",
        "declared": "、コンテナの申告は{declared}",
        "track": "トラック{track}：{codec}、{rate} Hz、{channels}チャンネル、分析：{used}",
        "timeline_alt": "{total}の時間軸：判定したセルのうち{spoof}は音声が合成であることを、{bonafide}は人が話したことを"
        "支持し、{neither}は助けにならず、{unscored}は判定できませんでした。",
        "segments_all": "すべてのセグメントに一行あります。",
        "segments_folded": "同じことを述べる隣り合うセグメントは一行にまとめました。個々のセグメントは添付のCSVとJSONに"
        "あります。",
        "segments_binned": "{n}個のセグメントを{window}の区間にまとめました。個々のセグメントは添付のCSVとJSONに"
        "あります。",
        "segments_sign": "LLRは尤度比の自然対数です（まとめた行では平均、続いて最小から最大）：正は人が話したことを、負は"
        "音声が合成であることを支持します。「話し声」は声を含む時間の割合です。トラックとチャンネルはここでは1から、CSVと"
        "JSONでは0から数えます。",
        "segments_none": "判定したセグメントはありません。",
        "verify_media": "媒体。ファイルのSHA-256を計算し、1ページ目の値と比べてください（例えばsha256sumで）。値が違えば、"
        "別のバイト列が分析されたことを意味します。",
        "verify_findings": "所見。添付のreport.jsonから“findings”を取り、正準形（RFC 8785）のSHA-256を計算してください。"
        "下のコマンドのとおり、下の値に等しくなるはずです。",
        "verify_repeat": "再現。同じバイト列を、同じモデルファイル（上のSHA-256）とオプションで、同じ種類のプロセッサで"
        "もう一度分析してください：所見のSHA-256は同じになります。",
        "verify_command": "jq -cjS .findings report.json | sha256sum",
        "attachments": "report.json（すべての所見、機械可読、スキーマreport-v1）とsegments.csv（セグメントごとに"
        "一行）。",
        "exclusions": "元のファイルは変更していません。この報告書は全体としてのみ複製できます。",
    },
    glossary=(
        ("Bona fide", "人の話し声を録音・伝送したもの。編集や圧縮がされていることもあります。"),
        ("合成", "テキスト読み上げまたは声質変換で作られた話し声。"),
        (
            "尤度比（LR）",
            "所見が一方の命題のもとで他方より何倍得られやすいか。LLRはその自然対数で、bona fideを"
            "合成で割ったものです。",
        ),
        ("セグメント", "一つのチャンネルの1秒、表示の単位。"),
        ("CM得点", "較正前の検出器の生の値。高いほど人の話し声に近いことを表します。"),
        ("まとめた", "判定したすべてのセグメントを合わせたもの。判定はこれに基づきます。"),
        ("分離した声", "マスクでほかの音を除いた後の録音。"),
        ("SHA-256", "ファイルの1ビットが変わると変わる検査値。"),
    ),
)
